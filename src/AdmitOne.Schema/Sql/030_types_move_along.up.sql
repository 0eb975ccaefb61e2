-- An event's start is moved by the Event Service; the windows and price rules of its ticket types, which belong to the Ticket Service, move in the same transaction.
set local lock_timeout = '2s';

grant select (name, sales_start_at, sales_end_at, price_rules, version),
    update (sales_start_at, sales_end_at, price_rules, version, updated_at) on tickets.ticket_types to admitone_worker;
grant create on schema tickets to admitone_worker;

set local role admitone_worker;
create function tickets.times_of_types(p_event_id uuid) returns table (ticket_type_id uuid, name text, place text, at timestamptz)
    language sql stable rows 20 security definer set search_path = pg_catalog, pg_temp as
$$
    with types as (
        select t.id, t.name, t.sales_start_at, t.sales_end_at, t.price_rules from tickets.ticket_types t
         where t.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and t.event_id = p_event_id and t.deleted_at is null)
    select t.id, t.name, p.place, p.at
      from types t
     cross join lateral (
        select 'salesStartAt', t.sales_start_at
        union all
        select 'salesEndAt', t.sales_end_at
        union all
        select format('priceRules/%s/%s', r.n - 1, limits.word), (r.rule ->> limits.word)::timestamptz
          from jsonb_array_elements(t.price_rules) with ordinality as r (rule, n) cross join (values ('until'), ('from')) limits (word)) p (place, at)
     where p.at is not null
     order by t.id, p.place
$$;
comment on function tickets.times_of_types is 'The sale windows of one event''s ticket types and the time limits of their price rules, each with its place in the type''s JSON.';

create function tickets.move_types(p_event_id uuid, p_types uuid[], p_places text[], p_times timestamptz[]) returns integer
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    moved integer;
begin
    with wanted as (
        select w.type_id, max(w.at) filter (where w.place = 'salesStartAt') as starts, max(w.at) filter (where w.place = 'salesEndAt') as ends,
               jsonb_object_agg(w.place, to_char(w.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) as places
          from unnest(p_types, p_places, p_times) as w (type_id, place, at) group by w.type_id)
    update tickets.ticket_types t
       set sales_start_at = case when t.sales_start_at is not null then coalesce(w.starts, t.sales_start_at) end,
           sales_end_at = case when t.sales_end_at is not null then coalesce(w.ends, t.sales_end_at) end,
           price_rules = (
               select coalesce(jsonb_agg(r.rule
                          || case when r.rule ->> 'until' is not null and w.places ? format('priceRules/%s/until', r.n - 1)
                                  then jsonb_build_object('until', w.places -> format('priceRules/%s/until', r.n - 1)) else '{}' end
                          || case when r.rule ->> 'from' is not null and w.places ? format('priceRules/%s/from', r.n - 1)
                                  then jsonb_build_object('from', w.places -> format('priceRules/%s/from', r.n - 1)) else '{}' end
                          order by r.n), '[]')
                 from jsonb_array_elements(t.price_rules) with ordinality as r (rule, n)),
           version = t.version + 1, updated_at = clock_timestamp()
      from wanted w
     where t.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and t.event_id = p_event_id and t.id = w.type_id and t.deleted_at is null;
    get diagnostics moved = row_count;
    return moved;
end
$$;
comment on function tickets.move_types is 'Gives times that one event''s ticket types have already another value, and nothing else of them; how many types it changed. The caller holds the event''s gate.';
revoke all on function tickets.times_of_types(uuid), tickets.move_types(uuid, uuid[], text[], timestamptz[]) from public;
grant execute on function tickets.times_of_types(uuid), tickets.move_types(uuid, uuid[], text[], timestamptz[]) to admitone_events;
set local role admitone_owner;
revoke create on schema tickets from admitone_worker;
