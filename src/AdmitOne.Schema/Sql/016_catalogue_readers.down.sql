set local lock_timeout = '2s';

drop trigger tenants_tell_readers on platform.tenants;
drop trigger categories_tell_readers on events.categories;
drop trigger sections_tell_readers on events.sections;
drop trigger events_tell_readers on events.events;
drop function events.beat(text);
drop function events.tell_readers();
drop index events.ix_events_category;

grant create on schema events to admitone_worker;
set local role admitone_worker;
create or replace function events.events_with_words(p_words text) returns table (id uuid, rank float8)
    language sql stable rows 100 security definer set search_path = pg_catalog, pg_temp as
$$
    select e.id, ts_rank(e.search, asked.words)::float8
      from (select websearch_to_tsquery('simple', events.fold(p_words)) as words) asked
      join events.events e on e.search @@ asked.words
     where e.deleted_at is null
       and (e.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid
            or (current_setting('app.scope', true) = 'catalogue' and e.visibility = 'public' and e.status not in ('draft', 'review', 'approved')))
$$;
set local role admitone_owner;
revoke create on schema events from admitone_worker;
