-- Who remembers answers about the catalogue hears of each change with its commit; and two lists cost what they must.
set local lock_timeout = '2s';

grant create on schema events to admitone_worker;

set local role admitone_worker;
-- The words are folded once, and not again for each event that has them.
create or replace function events.events_with_words(p_words text) returns table (id uuid, rank float8)
    language sql stable rows 100 security definer set search_path = pg_catalog, pg_temp as
$$
    with asked as materialized (select websearch_to_tsquery('simple', events.fold(p_words)) as words)
    select e.id, ts_rank(e.search, asked.words)::float8
      from asked
      join events.events e on e.search @@ asked.words
     where e.deleted_at is null
       and (e.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid
            or (current_setting('app.scope', true) = 'catalogue' and e.visibility = 'public' and e.status not in ('draft', 'review', 'approved')))
$$;
set local role admitone_owner;
revoke create on schema events from admitone_worker;

-- One row an event, so it is built here and not concurrently.
create index ix_events_category on events.events (category_slug, starts_at, id) where deleted_at is null;

create function events.tell_readers() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as
$$
declare
    touched record := coalesce(new, old);
begin
    if tg_table_name = 'events' then perform pg_notify('admitone_catalogue', touched.tenant_id || ' ' || touched.id);
    elsif tg_table_name = 'sections' then perform pg_notify('admitone_catalogue', touched.tenant_id || ' ' || touched.event_id);
    elsif tg_table_name = 'categories' then perform pg_notify('admitone_catalogue', touched.tenant_id::text);
    else perform pg_notify('admitone_catalogue', '*');
    end if;
    return null;
end
$$;
comment on function events.tell_readers is 'Names what was changed to every replica that remembers answers: tenant and event, or * for everything.';

-- The readers' own beat: that it comes back says that they hear.
create function events.beat(p_word text) returns integer language plpgsql volatile set search_path = pg_catalog, pg_temp as
$$
begin
    -- A beat that a crash loses is missed by nobody; so no disk need wait for it.
    perform set_config('synchronous_commit', 'off', true);
    perform pg_notify('admitone_catalogue', p_word);
    return 1;
end
$$;
comment on function events.beat is 'Sends a replica its own word back, after whatever was committed before.';
revoke all on function events.tell_readers(), events.beat(text) from public;
grant execute on function events.beat(text) to admitone_events;

create trigger events_tell_readers after insert or update or delete on events.events for each row execute function events.tell_readers();
create trigger sections_tell_readers after insert or update or delete on events.sections for each row execute function events.tell_readers();
create trigger categories_tell_readers after insert or update or delete on events.categories for each row execute function events.tell_readers();
create trigger tenants_tell_readers after update of slug, name, status on platform.tenants for each row execute function events.tell_readers();
