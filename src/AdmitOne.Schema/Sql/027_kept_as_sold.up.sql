-- What a sale keeps: the names under which it was made, a hold whose payment came to nothing, and since when a moved date gives money back.
set local lock_timeout = '2s';

alter table events.events add column refund_window_from timestamptz, add column refund_window_start timestamptz;
comment on column events.events.refund_window_from is 'Since when the refund window is open.';
comment on column events.events.refund_window_start is 'The start that ticket holders were promised when a moved date opened the refund window: moved back to it, the window closes. Null if anything else opened it.';

alter table tickets.reservations add column in_one_step boolean not null default false, add column is_extended boolean not null default false;
comment on column tickets.reservations.in_one_step is 'Made by a purchase in one step: it ends with its payment. Any other hold outlives a declined payment until expires_at.';
comment on column tickets.reservations.is_extended is 'A payment of it was declined or called off. The next one does not move expires_at.';

alter table tickets.orders
    add column seller_name text, add column event_name text, add column venue_name text, add column event_starts_at timestamptz, add column event_time_zone text;
comment on column tickets.orders.seller_name is 'The organiser''s name when the order was made. A receipt keeps its names; null, from a version that did not know it: the present name.';
comment on column tickets.orders.event_name is 'When the order was made; null as for seller_name.';
comment on column tickets.orders.venue_name is 'When the order was made; null as for seller_name.';
comment on column tickets.orders.event_starts_at is 'When the order was made; null as for seller_name.';
comment on column tickets.orders.event_time_zone is 'When the order was made; null as for seller_name.';

alter table tickets.order_items add column rate_bp integer;
comment on column tickets.order_items.rate_bp is 'Of a tax, in hundredths of a percent. Null on other lines, and from a version that did not keep it.';
comment on column tickets.order_items.label is 'What the line was called when it was sold: the ticket type, the code of a discount, the name of a fee or a tax. Null, from a version that did not keep it: the type''s present name.';

-- ---------------------------------------------------------------- what is out already is kept under its present names

alter table platform.tenants no force row level security;
alter table events.events no force row level security;
alter table tickets.ticket_types no force row level security;
alter table tickets.orders no force row level security;
alter table tickets.order_items no force row level security;
update tickets.orders o set seller_name = t.name, event_name = e.name, venue_name = e.venue_name, event_starts_at = e.starts_at, event_time_zone = e.time_zone
  from events.events e join platform.tenants t on t.id = e.tenant_id where e.tenant_id = o.tenant_id and e.id = o.event_id and o.event_name is null;
update tickets.order_items i set label = y.name from tickets.ticket_types y
 where y.tenant_id = i.tenant_id and y.id = i.ticket_type_id and i.kind = 'ticket' and i.label is null;
alter table tickets.order_items force row level security;
alter table tickets.orders force row level security;
alter table tickets.ticket_types force row level security;
alter table events.events force row level security;
alter table platform.tenants force row level security;

-- ---------------------------------------------------------------- narrow functions

create policy worker on tickets.tickets for select to admitone_worker using (true);
grant select (order_id, created_at, requested_by) on tickets.refunds to admitone_worker;
grant select (tenant_id, order_id, refund_id, user_id) on tickets.tickets to admitone_worker;
grant select (min_per_order) on tickets.ticket_types to admitone_worker;
grant create on schema tickets to admitone_worker;

create function tickets.event_refunded_since(p_tenant_id uuid, p_event_id uuid, p_since timestamptz) returns boolean
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select exists (select from tickets.orders o
                     join tickets.refunds r on r.tenant_id = o.tenant_id and r.order_id = o.id and r.created_at >= p_since
                     join tickets.tickets t on t.tenant_id = r.tenant_id and t.order_id = r.order_id and t.refund_id = r.id and t.user_id = r.requested_by
                    where o.tenant_id = p_tenant_id and o.event_id = p_event_id)
$$;
comment on function tickets.event_refunded_since is 'Whether a holder has given a ticket of the event back since then.';
alter function tickets.event_refunded_since(uuid, uuid, timestamptz) owner to admitone_worker;

set local role admitone_worker;
-- What is left of a type but is less than one order takes can be bought by nobody.
create or replace function tickets.event_places(p_tenant_id uuid, p_event_id uuid) returns table ("left" integer, sold integer)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    select coalesce(sum(least(s.capacity - s.sold, coalesce(o.on_offer, 0))), 0)::int, coalesce(sum(s.sold), 0)::int
      from tickets.section_stock s
      left join lateral (select sum(t.quantity - t.sold)::int as on_offer
                           from tickets.stock t join tickets.ticket_types y on y.tenant_id = t.tenant_id and y.id = t.ticket_type_id and y.deleted_at is null
                          where t.tenant_id = p_tenant_id and t.event_id = p_event_id and t.section_id = s.section_id
                            and least(t.quantity - t.sold, s.capacity - s.sold) >= y.min_per_order) o on true
     where s.tenant_id = p_tenant_id and s.event_id = p_event_id
$$;
revoke all on function tickets.event_refunded_since(uuid, uuid, timestamptz) from public;
grant execute on function tickets.event_refunded_since(uuid, uuid, timestamptz) to admitone_events;
set local role admitone_owner;
revoke create on schema tickets from admitone_worker;
