-- What the metrics say of all tenants together: counts, and where a recount is worth its while.
set local lock_timeout = '2s';

grant create on schema events, tickets to admitone_worker;

create function events.count_by_status() returns table (status text, events bigint)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$ select e.status, count(*) from events.events e where e.deleted_at is null group by e.status $$;
comment on function events.count_by_status is 'How many events of all organisers are in each state.';

create function tickets.count_held() returns bigint
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$ select count(*) from tickets.reservations r where r.status = 'held' $$;
comment on function tickets.count_held is 'Held rows of all organisers, those whose time is over and that no sweep has reached among them.';

-- What ended long ago does not move any more; admitone verify recounts that too.
create function tickets.events_to_recount() returns table (tenant_id uuid, event_id uuid)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    select s.tenant_id, s.event_id
      from (select distinct t.tenant_id, t.event_id from tickets.stock t) s
      join events.events e on e.tenant_id = s.tenant_id and e.id = s.event_id
     where e.deleted_at is null and e.ends_at > statement_timestamp() - interval '1 day'
$$;
comment on function tickets.events_to_recount is 'Events with stock that have not been over for a day.';

alter function events.count_by_status() owner to admitone_worker;
alter function tickets.count_held() owner to admitone_worker;
alter function tickets.events_to_recount() owner to admitone_worker;
revoke create on schema events, tickets from admitone_worker;

set local role admitone_worker;
revoke all on function events.count_by_status() from public;
revoke all on function tickets.count_held(), tickets.events_to_recount() from public;
grant execute on function events.count_by_status() to admitone_events;
grant execute on function tickets.count_held(), tickets.events_to_recount() to admitone_tickets;
set local role admitone_owner;
