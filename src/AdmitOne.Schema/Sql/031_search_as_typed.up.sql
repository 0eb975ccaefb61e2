-- Search by what people type: words joined by punctuation, letters and marks of other scripts, beginnings of words, parts of words in scripts
-- without spaces. Tags are compared as they are searched. Organisers may choose a slug in any script. What was published and is over is completed.
set local lock_timeout = '2s';

-- ---------------------------------------------------------------- words

create or replace function events.fold(p_text text) returns text
    language sql immutable parallel safe set search_path = pg_catalog, pg_temp as
$$
    select replace(replace(replace(replace(translate(
        lower(normalize(regexp_replace(normalize(p_text, NFKD), '[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u00ad\u200b-\u200f\u2060\ufeff]', '', 'g'), NFKC) collate "und-x-icu"),
        'łøđðıħŧŀŋς', 'loddihtlnσ'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th')
$$;
comment on function events.fold is 'Letters as a search compares them: without marks, in lower case, and those that Unicode does not decompose (ł, ø, ß) as the slug spells them.';

-- Without jit: the planner takes a function in `from` for a thousand rows, and compiling for so many costs more than cutting a text.
create function events.search_words(p_text text) returns text[]
    language sql immutable parallel safe set search_path = pg_catalog, pg_temp set jit = off as
$$
    select coalesce(array_agg(piece.word order by run.word_number, part.part_number, piece.number), '{}')
      from regexp_split_to_table(
               events.fold(p_text),
               '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u00d7\u00f7\u2010-\u206f\u2190-\u2bff\u3000-\u3004\u3008-\u3020\u3030\u303d-\u303f\u30fb\u05be\u05c0\u05c3\u05f3\u05f4\u060c\u061b\u061f\u0e2f\u0e46\u0e4f\u0e5a\u0e5b\U0001f000-\U0001faff\ufe00-\ufe0f]+')
               with ordinality run (word, word_number)
     cross join lateral regexp_matches(run.word, '([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f]+)|([^\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f]+)', 'g')
               with ordinality part (text, part_number)
     cross join lateral (
         select left(part.text[2], 100), 1 where part.text[2] is not null
         union all
         select substr(part.text[1], i, 2), i from generate_series(1, greatest(length(part.text[1]) - 1, 1)) i where part.text[1] is not null) piece (word, number)
$$;
comment on function events.search_words is 'The words of a text in their order. Scripts without spaces between words are cut into pairs of characters, so that parts of names are found.';

create function events.search_vector(p_text text, p_weight "char") returns tsvector
    language sql immutable parallel safe set search_path = pg_catalog, pg_temp set jit = off as
$$
    select setweight(coalesce(string_agg('''' || word || ''':' || least(number, 16383), ' ')::tsvector, ''), p_weight)
      from unnest(events.search_words(p_text)) with ordinality w (word, number)
$$;
create function events.search_term(p_words text[], p_is_phrase boolean, p_prefix boolean) returns tsquery
    language sql immutable parallel safe set search_path = pg_catalog, pg_temp set jit = off as
$$
    select string_agg(
               case when w.number = 1 then '' when p_is_phrase or (w.word ~ '^[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f]' and p_words[w.number - 1] ~ '^[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f]') then ' <-> ' else ' & ' end
               || '''' || w.word || '''' || case when p_prefix and length(w.word) > 1 and (not p_is_phrase or w.number = cardinality(p_words)) then ':*' else '' end,
               '' order by w.number)::tsquery
      from unnest(p_words) with ordinality w (word, number)
$$;
comment on function events.search_term is 'Words that belong together as one condition: next to each other for a phrase and for pairs of one run of characters, all of them otherwise.';

create function events.search_query(p_text text, p_prefix boolean) returns tsquery
    language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as
$$
declare
    token   text[];
    words   text[];
    term    tsquery;
    terms   tsquery;   -- joined by and, since the last or
    query   tsquery;   -- what came before that or
    either  boolean := false;
    without boolean;
begin
    for token in select t from regexp_matches(p_text, '(-?)"([^"]*)"?|(-?)([^\s"]+)', 'g') t loop
        if lower(token[4]) = 'or' and token[3] = '' then
            either := terms is not null;
            continue;
        end if;
        words := events.search_words(coalesce(token[2], token[4]));
        continue when words = '{}';
        without := '-' in (coalesce(token[1], ''), coalesce(token[3], ''));
        term := events.search_term(words, token[2] is not null, p_prefix and not without);
        if without then term := !! term; end if;
        if either then
            query := case when query is null then terms else query || terms end;
            terms := term;
        else
            terms := case when terms is null then term else terms && term end;
        end if;
        either := false;
    end loop;
    return case when query is null then terms else query || terms end;
end
$$;
comment on function events.search_query is 'What somebody types into a search box: words, "phrases", or, and - for without. With p_prefix, beginnings of words match. Null if there is no word.';

alter table events.events add column tag_keys text[] not null default '{}';
comment on column events.events.tag_keys is 'The tags as they are compared: events.fold of each. Kept by the trigger.';

create or replace function events.keep_search() returns trigger
    language plpgsql set search_path = pg_catalog, pg_temp as
$$
begin
    new.search := events.search_vector(new.name, 'A')
        || events.search_vector(concat_ws(' ', new.category_slug, array_to_string(new.tags, ' ')), 'B')
        || events.search_vector(new.venue_name, 'C')
        || events.search_vector(new.description, 'D');
    new.tag_keys := array(select events.fold(tag) from unnest(new.tags) tag);
    return new;
end
$$;

alter table events.events no force row level security;
update events.events set name = name;
alter table events.events force row level security;

-- ---------------------------------------------------------------- slugs

alter table events.events drop constraint events_slug_readable;
alter table events.events add constraint events_slug_readable
    check (length(slug) >= 1 and length(slug) <= 120 and slug !~ '[\u0001-\u002c\u002e\u002f\u003a-\u0060\u007b-\u00a0]' and slug !~ '(^-|-$|--)');

-- ---------------------------------------------------------------- functions for all tenants

create index ix_events_rescheduled on events.events (ends_at) where status = 'rescheduled' and deleted_at is null;
comment on index events.ix_events_rescheduled is 'Events with a new date that were never published again: the clock completes them when they are over.';

grant create on schema events to admitone_worker;
set local role admitone_worker;
-- A word that is there whole counts twice: once as it is, once as a beginning.
create or replace function events.events_with_words(p_words text) returns table (id uuid, rank float8)
    language sql stable rows 100 security definer set search_path = pg_catalog, pg_temp as
$$
    with asked as materialized (select events.search_query(p_words, true) as words, events.search_query(p_words, false) as whole)
    select e.id, (ts_rank(e.search, asked.words) + ts_rank(e.search, asked.whole))::float8
      from asked
      join events.events e on e.search @@ asked.words
     where e.deleted_at is null
       and (e.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid
            or (current_setting('app.scope', true) = 'catalogue' and e.visibility = 'public' and e.status not in ('draft', 'review', 'approved')))
$$;

create or replace function events.due_moves(p_limit integer) returns table (tenant_id uuid, event_id uuid)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    (select e.tenant_id, e.id from events.events e
      where e.status in ('published', 'on_sale', 'sales_paused', 'sold_out', 'in_progress') and e.deleted_at is null
        and greatest(case e.status when 'published' then e.sales_start_at when 'in_progress' then e.ends_at else e.starts_at end, e.clock_looks_at) <= statement_timestamp()
        and (e.status <> 'published' or e.updated_at <= statement_timestamp() - interval '2 seconds')
      order by greatest(case e.status when 'published' then e.sales_start_at when 'in_progress' then e.ends_at else e.starts_at end, e.clock_looks_at) limit p_limit)
    union all
    (select e.tenant_id, e.id from events.events e
      where e.status = 'rescheduled' and e.deleted_at is null and e.ends_at <= statement_timestamp() and (e.clock_looks_at is null or e.clock_looks_at <= statement_timestamp())
      order by e.ends_at limit p_limit)
$$;
set local role admitone_owner;
revoke create on schema events from admitone_worker;
