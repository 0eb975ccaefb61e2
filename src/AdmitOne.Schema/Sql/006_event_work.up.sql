-- What happens to an event over time: moves by the clock, the refund window of a new date, and the cancellation as work that finishes.
set local lock_timeout = '2s';

-- ---------------------------------------------------------------- events

alter table events.events
    add column refund_window_until timestamptz,
    add column clock_looks_at timestamptz,
    add column held_up_by text constraint events_held_up_by_length check (length(held_up_by) <= 500);
comment on column events.events.refund_window_until is 'Until then a holder may have the whole amount back, whatever the policy says: the date or the venue has changed.';
comment on column events.events.clock_looks_at is 'A move that is due but not ready is looked at again then; null: when it is due.';
comment on column events.events.held_up_by is 'What the move that is due lacks, in words for the organiser.';

alter table events.event_transitions
    add column by_service text constraint event_transitions_by_service_length check (length(by_service) between 1 and 60);
comment on column events.event_transitions.by_service is 'Who moved it, if no user did: system (the clock) or a service.';

-- When the clock has to look at an event next. One row an event, so it is built here and not concurrently.
create index ix_events_clock on events.events (greatest(case status when 'published' then sales_start_at when 'in_progress' then ends_at else starts_at end, clock_looks_at))
    where status in ('published', 'on_sale', 'sales_paused', 'sold_out', 'in_progress') and deleted_at is null;

create or replace view events.sale_window with (security_barrier) as
    select e.tenant_id, e.id as event_id, e.slug, e.name, e.status, e.visibility, e.time_zone, e.venue_name,
           e.doors_at, e.starts_at, e.ends_at, e.sales_start_at, e.sales_end_at, e.check_in_from, e.check_in_until,
           e.refund_until_hours_before, e.refund_fee_percent, e.transfer_allowed, e.transfer_until_hours_before, e.code_policy, e.re_entry,
           (select coalesce(jsonb_object_agg(s.id, jsonb_build_object('name', s.name, 'capacity', s.capacity)), '{}')
              from events.sections s where s.tenant_id = e.tenant_id and s.event_id = e.id) as sections,
           e.refund_window_until
      from events.events e
     where e.deleted_at is null;

-- ---------------------------------------------------------------- tickets: a cancelled event's orders, one by one

create table tickets.cancellations (
    tenant_id    uuid        not null constraint cancellations_tenant_id_fkey references platform.tenants (id) on delete cascade,
    event_id     uuid        not null,
    reason       text        constraint cancellations_reason_length check (length(reason) <= 500),
    status       text        not null default 'closing' constraint cancellations_status_known check (status in ('closing', 'refunding', 'done')),
    next_step_at timestamptz not null default clock_timestamp(),
    created_at   timestamptz not null default clock_timestamp(),
    finished_at  timestamptz,
    constraint cancellations_pkey primary key (tenant_id, event_id),
    constraint cancellations_event_id_fkey foreign key (tenant_id, event_id) references events.events (tenant_id, id) on delete cascade,
    constraint cancellations_done_has_a_time check ((status = 'done') = (finished_at is not null))
);
comment on table tickets.cancellations is 'The work that a cancelled event leaves: closing (holds, offers, pending payments end; orders are listed), refunding, done.';
create index ix_cancellations_due on tickets.cancellations (next_step_at) where status <> 'done';

create table tickets.cancellation_orders (
    tenant_id       uuid        not null,
    event_id        uuid        not null,
    order_id        uuid        not null,
    status          text        not null default 'waiting' constraint cancellation_orders_status_known check (status in ('waiting', 'voided')),
    attempts        integer     not null default 0,
    next_attempt_at timestamptz not null default clock_timestamp(),
    fault           text,
    constraint cancellation_orders_pkey primary key (tenant_id, event_id, order_id),
    constraint cancellation_orders_event_id_fkey foreign key (tenant_id, event_id) references tickets.cancellations (tenant_id, event_id) on delete cascade
);
comment on table tickets.cancellation_orders is 'Each order that a cancellation voids. Voided: its tickets are dead and its refund is on the books; whether the money has gone, its refunds say.';

do $$
declare
    t text;
    tenant constant text := 'nullif(current_setting(''app.tenant_id'', true), '''')::uuid';
begin
    foreach t in array array['tickets.cancellations', 'tickets.cancellation_orders'] loop
        execute format('create policy tenant on %s using (tenant_id = %s) with check (tenant_id = %s)', t, tenant, tenant);
        execute format('create policy audit on %s for select to admitone_audit using (true)', t);
        execute format('alter table %s enable row level security', t);
        execute format('alter table %s force row level security', t);
        execute format('grant select on %s to admitone_audit', t);
        execute format('grant select, insert, update, delete on %s to admitone_tickets', t);
    end loop;
end
$$;

-- ---------------------------------------------------------------- work for all tenants, and one look across schemas

create policy clock on events.events for select to admitone_worker using (true);
create policy worker on tickets.cancellations for select to admitone_worker using (true);
create policy stock_left on tickets.stock for select to admitone_worker using (true);
create policy stock_left on tickets.section_stock for select to admitone_worker using (true);
grant select (tenant_id, id, status, sales_start_at, starts_at, ends_at, updated_at, deleted_at, clock_looks_at) on events.events to admitone_worker;
grant select (tenant_id, event_id, status, next_step_at) on tickets.cancellations to admitone_worker;
grant select (tenant_id, id, event_id, deleted_at) on tickets.ticket_types to admitone_worker;
grant select (tenant_id, ticket_type_id, event_id, section_id, quantity, sold) on tickets.stock to admitone_worker;
grant select (tenant_id, section_id, event_id, capacity, sold) on tickets.section_stock to admitone_worker;
grant create on schema events, tickets to admitone_worker;

-- Whoever has just published an event may be about to put it on sale: the clock leaves them two seconds.
create function events.due_moves(p_limit integer) returns table (tenant_id uuid, event_id uuid)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    select e.tenant_id, e.id from events.events e
     where e.status in ('published', 'on_sale', 'sales_paused', 'sold_out', 'in_progress') and e.deleted_at is null
       and greatest(case e.status when 'published' then e.sales_start_at when 'in_progress' then e.ends_at else e.starts_at end, e.clock_looks_at) <= statement_timestamp()
       and (e.status <> 'published' or e.updated_at <= statement_timestamp() - interval '2 seconds')
     order by greatest(case e.status when 'published' then e.sales_start_at when 'in_progress' then e.ends_at else e.starts_at end, e.clock_looks_at) limit p_limit
$$;

create function tickets.unfinished_cancellations(p_limit integer) returns table (tenant_id uuid, event_id uuid)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    select c.tenant_id, c.event_id from tickets.cancellations c
     where c.status <> 'done' and c.next_step_at <= statement_timestamp() order by c.next_step_at limit p_limit
$$;

-- How many places an event has that nobody has bought, and how many were bought: types that share a section share its places. What is held counts as left.
create function tickets.event_places(p_tenant_id uuid, p_event_id uuid) returns table ("left" integer, sold integer)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    select coalesce(sum(least(s.capacity - s.sold, coalesce(o.on_offer, 0))), 0)::int, coalesce(sum(s.sold), 0)::int
      from tickets.section_stock s
      left join (select t.section_id, sum(t.quantity - t.sold)::int as on_offer
                   from tickets.stock t join tickets.ticket_types y on y.tenant_id = t.tenant_id and y.id = t.ticket_type_id and y.deleted_at is null
                  where t.tenant_id = p_tenant_id and t.event_id = p_event_id group by t.section_id) o on o.section_id = s.section_id
     where s.tenant_id = p_tenant_id and s.event_id = p_event_id
$$;

alter function events.due_moves(integer) owner to admitone_worker;
alter function tickets.unfinished_cancellations(integer) owner to admitone_worker;
alter function tickets.event_places(uuid, uuid) owner to admitone_worker;
revoke create on schema events, tickets from admitone_worker;

set local role admitone_worker;
revoke all on function events.due_moves(integer) from public;
revoke all on function tickets.unfinished_cancellations(integer), tickets.event_places(uuid, uuid) from public;
grant execute on function events.due_moves(integer) to admitone_events;
grant execute on function tickets.unfinished_cancellations(integer) to admitone_tickets;
grant execute on function tickets.event_places(uuid, uuid) to admitone_events;
set local role admitone_owner;
