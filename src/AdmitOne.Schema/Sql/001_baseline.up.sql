-- Three schemas, one owner. The roles exist already (`admitone migrate roles`); none of them is a superuser or bypasses row-level security.
set local lock_timeout = '2s';

create schema if not exists platform;
create schema events;
create schema tickets;

grant usage on schema platform to admitone_events, admitone_tickets, admitone_worker, admitone_audit;
grant usage on schema events to admitone_events, admitone_tickets, admitone_worker, admitone_audit;
grant usage on schema tickets to admitone_events, admitone_tickets, admitone_worker, admitone_audit;

-- ---------------------------------------------------------------- platform

create table platform.tenants (
    id          uuid        not null constraint tenants_pkey primary key,
    slug        text        not null constraint tenants_slug_key unique
                            constraint tenants_slug_readable check (slug ~ '^[a-z0-9](-?[a-z0-9])*$' and length(slug) <= 60),
    name        text        not null constraint tenants_name_length check (length(name) between 1 and 200),
    status      text        not null default 'active' constraint tenants_status_known check (status in ('active', 'suspended')),
    created_at  timestamptz not null default clock_timestamp()
);
comment on table platform.tenants is 'Organisers. Their id is the tenant_id of every other table.';

create table platform.users (
    tenant_id   uuid        not null,
    id          uuid        not null,
    email       text        constraint users_email_length check (length(email) <= 320),
    name        text        constraint users_name_length check (length(name) <= 200),
    created_at  timestamptz not null default clock_timestamp(),
    updated_at  timestamptz not null default clock_timestamp(),
    constraint users_pkey primary key (tenant_id, id)
);
comment on table platform.users is 'What verified tokens said about people: a projection, written when a user is first seen. Never deleted; erasure blanks.';

create table platform.idempotency_keys (
    tenant_id       uuid        not null,
    user_id         uuid        not null,
    route           text        not null,
    key             text        not null constraint idempotency_keys_key_length check (length(key) between 8 and 255),
    fingerprint     bytea       not null constraint idempotency_keys_fingerprint_sha256 check (length(fingerprint) = 32),
    status          text        not null constraint idempotency_keys_status_known check (status in ('running', 'done')),
    resource_id     uuid,
    response_status integer,
    response_body   text,
    created_at      timestamptz not null default clock_timestamp(),
    constraint idempotency_keys_pkey primary key (tenant_id, user_id, route, key),
    constraint idempotency_keys_done_has_answer check (status = 'running' or (response_status is not null and response_body is not null))
);
create index ix_idempotency_keys_running on platform.idempotency_keys (tenant_id, resource_id) where status = 'running';

create table platform.outbox (
    tenant_id   uuid        not null,
    id          uuid        not null,
    type        text        not null,
    resource_id uuid        not null,
    data        jsonb       not null,
    occurred_at timestamptz not null default clock_timestamp(),
    constraint outbox_pkey primary key (tenant_id, id)
);
comment on table platform.outbox is 'Effects that leave: only ever inserted, by the transaction that causes them.';

-- ---------------------------------------------------------------- events

create table events.categories (
    tenant_id   uuid    not null,
    slug        text    not null constraint categories_slug_readable check (slug ~ '^[a-z0-9](-?[a-z0-9])*$' and length(slug) <= 60),
    name        text    not null constraint categories_name_length check (length(name) between 1 and 100),
    position    integer not null default 0,
    constraint categories_pkey primary key (tenant_id, slug)
);

create table events.events (
    tenant_id                   uuid        not null,
    id                          uuid        not null,
    slug                        text        not null constraint events_slug_readable check (slug ~ '^[a-z0-9](-?[a-z0-9])*$' and length(slug) <= 120),
    name                        text        not null constraint events_name_length check (length(name) between 1 and 200),
    description                 text        not null default '' constraint events_description_length check (length(description) <= 10000),
    category_slug               text,
    tags                        text[]      not null default '{}' constraint events_tags_count check (cardinality(tags) <= 20),
    venue_id                    uuid        not null,
    venue_name                  text        not null,
    venue_max_capacity          integer     not null constraint events_venue_capacity_positive check (venue_max_capacity > 0),
    time_zone                   text        not null,
    doors_at                    timestamptz not null,
    starts_at                   timestamptz not null,
    ends_at                     timestamptz not null,
    sales_start_at              timestamptz not null,
    sales_end_at                timestamptz not null,
    check_in_from               timestamptz not null,
    check_in_until              timestamptz not null,
    visibility                  text        not null constraint events_visibility_known check (visibility in ('public', 'unlisted', 'private')),
    age_restriction             integer     constraint events_age_range check (age_restriction between 0 and 99),
    image_url                   text        constraint events_image_url_length check (length(image_url) <= 2000),
    refund_until_hours_before   integer     not null default 24 constraint events_refund_hours_not_negative check (refund_until_hours_before >= 0),
    refund_fee_percent          integer     not null default 0 constraint events_refund_fee_range check (refund_fee_percent between 0 and 100),
    transfer_allowed            boolean     not null default true,
    transfer_until_hours_before integer     not null default 0 constraint events_transfer_hours_not_negative check (transfer_until_hours_before >= 0),
    code_policy                 text        not null default 'static' constraint events_code_policy_known check (code_policy in ('static', 'rotating')),
    re_entry                    boolean     not null default false,
    status                      text        not null constraint events_status_known check (status in
                                    ('draft', 'review', 'approved', 'published', 'on_sale', 'sales_paused', 'sold_out',
                                     'in_progress', 'completed', 'postponed', 'rescheduled', 'cancelled')),
    version                     integer     not null default 1,
    search                      tsvector    not null,
    created_at                  timestamptz not null default clock_timestamp(),
    updated_at                  timestamptz not null default clock_timestamp(),
    deleted_at                  timestamptz,
    constraint events_pkey primary key (tenant_id, id),
    constraint events_id_key unique (id),
    constraint events_starts_before_it_ends check (starts_at < ends_at),
    constraint events_doors_open_before_start check (doors_at <= starts_at),
    constraint events_sales_window check (sales_start_at < sales_end_at and sales_end_at <= ends_at),
    constraint events_check_in_window check (check_in_from < check_in_until)
);
create unique index ix_events_slug on events.events (tenant_id, slug) where deleted_at is null;
create index ix_events_starts on events.events (starts_at, id) where deleted_at is null;
create index ix_events_created on events.events (created_at desc, id desc) where deleted_at is null;
create index ix_events_venue on events.events (venue_id, starts_at) where deleted_at is null;
create index ix_events_tenant_starts on events.events (tenant_id, starts_at, id) where deleted_at is null;
create index ix_events_search on events.events using gin (search);

create table events.event_transitions (
    tenant_id   uuid        not null,
    id          uuid        not null,
    event_id    uuid        not null,
    from_status text        not null,
    to_status   text        not null,
    reason      text        constraint event_transitions_reason_length check (length(reason) <= 500),
    by_user_id  uuid,
    at          timestamptz not null default clock_timestamp(),
    constraint event_transitions_pkey primary key (tenant_id, id),
    constraint event_transitions_moves check (from_status <> to_status)
);
create index ix_event_transitions_event on events.event_transitions (tenant_id, event_id, at);

create table events.sections (
    tenant_id   uuid        not null,
    id          uuid        not null,
    event_id    uuid        not null,
    name        text        not null constraint sections_name_length check (length(name) between 1 and 100),
    code        text        not null constraint sections_code_length check (length(code) between 1 and 20),
    capacity    integer     not null constraint sections_capacity_range check (capacity between 1 and 1000000),
    version     integer     not null default 1,
    created_at  timestamptz not null default clock_timestamp(),
    updated_at  timestamptz not null default clock_timestamp(),
    constraint sections_pkey primary key (tenant_id, id),
    constraint sections_code_key unique (tenant_id, event_id, code)
);

-- All that the Ticket Service may read of an event. It runs with its owner's rights, so the owner's policies (tenant, catalogue) decide.
create view events.sale_window with (security_barrier) as
    select e.tenant_id, e.id as event_id, e.slug, e.name, e.status, e.visibility, e.time_zone, e.venue_name,
           e.doors_at, e.starts_at, e.ends_at, e.sales_start_at, e.sales_end_at, e.check_in_from, e.check_in_until,
           e.refund_until_hours_before, e.refund_fee_percent, e.transfer_allowed, e.transfer_until_hours_before, e.code_policy, e.re_entry,
           (select coalesce(jsonb_object_agg(s.id, jsonb_build_object('name', s.name, 'capacity', s.capacity)), '{}')
              from events.sections s where s.tenant_id = e.tenant_id and s.event_id = e.id) as sections
      from events.events e
     where e.deleted_at is null;

-- ---------------------------------------------------------------- tickets

create table tickets.ticket_types (
    tenant_id        uuid        not null,
    id               uuid        not null,
    event_id         uuid        not null,
    section_id       uuid        not null,
    name             text        not null constraint ticket_types_name_length check (length(name) between 1 and 100),
    price_minor      bigint      not null constraint ticket_types_price_not_negative check (price_minor >= 0),
    currency         char(3)     not null constraint ticket_types_currency_code check (currency ~ '^[A-Z]{3}$'),
    min_per_order    integer     not null default 1 constraint ticket_types_min_positive check (min_per_order >= 1),
    max_per_order    integer     not null default 10 constraint ticket_types_max_range check (max_per_order between 1 and 50),
    max_per_customer integer     constraint ticket_types_customer_limit_positive check (max_per_customer >= 1),
    sales_start_at   timestamptz,
    sales_end_at     timestamptz,
    transferable     boolean     not null default true,
    version          integer     not null default 1,
    created_at       timestamptz not null default clock_timestamp(),
    updated_at       timestamptz not null default clock_timestamp(),
    deleted_at       timestamptz,
    constraint ticket_types_pkey primary key (tenant_id, id),
    constraint ticket_types_order_limits check (min_per_order <= max_per_order),
    constraint ticket_types_sales_window check (sales_start_at < sales_end_at)
);

-- Hot: narrow, nothing points at it, no index but the key, and room on each page, so that an update stays on its page (HOT).
create table tickets.section_stock (
    tenant_id   uuid    not null,
    section_id  uuid    not null,
    event_id    uuid    not null,
    capacity    integer not null,
    held        integer not null default 0,
    sold        integer not null default 0,
    constraint section_stock_pkey primary key (tenant_id, section_id),
    constraint section_stock_never_oversold check (held >= 0 and sold >= 0 and held + sold <= capacity)
) with (fillfactor = 10);

create table tickets.stock (
    tenant_id       uuid    not null,
    ticket_type_id  uuid    not null,
    event_id        uuid    not null,
    section_id      uuid    not null,
    quantity        integer not null constraint stock_quantity_range check (quantity between 0 and 1000000),
    held            integer not null default 0,
    sold            integer not null default 0,
    constraint stock_pkey primary key (tenant_id, ticket_type_id),
    constraint stock_never_oversold check (held >= 0 and sold >= 0 and held + sold <= quantity)
) with (fillfactor = 10);

create table tickets.reservations (
    tenant_id        uuid        not null,
    id               uuid        not null,
    hold_id          uuid        not null,
    event_id         uuid        not null,
    ticket_type_id   uuid        not null,
    user_id          uuid        not null,
    quantity         integer     not null constraint reservations_quantity_positive check (quantity > 0),
    unit_price_minor bigint      not null constraint reservations_price_not_negative check (unit_price_minor >= 0),
    currency         char(3)     not null,
    status           text        not null constraint reservations_status_known check (status in ('held', 'completed', 'expired', 'released')),
    order_id         uuid,
    created_at       timestamptz not null default clock_timestamp(),
    expires_at       timestamptz not null,
    constraint reservations_pkey primary key (tenant_id, id)
);
comment on column tickets.reservations.id is 'The rows of one hold have consecutive ids, the first of which is hold_id: the primary key finds a whole hold.';
comment on column tickets.reservations.order_id is 'The order whose payment has begun on this hold: one at a time.';

create table tickets.orders (
    tenant_id         uuid        not null,
    id                uuid        not null,
    order_number      text        not null,
    event_id          uuid        not null,
    user_id           uuid,
    hold_id           uuid        not null,
    status            text        not null constraint orders_status_known check (status in
                          ('payment_pending', 'paid', 'payment_failed', 'expired', 'partially_refunded', 'refunded')),
    total_minor       bigint      not null constraint orders_total_not_negative check (total_minor >= 0),
    currency          char(3)     not null,
    payment_reference text,
    created_at        timestamptz not null default clock_timestamp(),
    updated_at        timestamptz not null default clock_timestamp(),
    constraint orders_pkey primary key (tenant_id, id)
);

create table tickets.order_items (
    tenant_id        uuid    not null,
    order_id         uuid    not null,
    line             integer not null,
    ticket_type_id   uuid    not null,
    quantity         integer not null constraint order_items_quantity_positive check (quantity > 0),
    unit_price_minor bigint  not null constraint order_items_price_not_negative check (unit_price_minor >= 0),
    total_minor      bigint  not null,
    constraint order_items_pkey primary key (tenant_id, order_id, line),
    constraint order_items_total_adds_up check (total_minor = quantity * unit_price_minor)
);

create table tickets.payments (
    tenant_id          uuid        not null,
    id                 uuid        not null,
    order_id           uuid        not null,
    method             text        not null constraint payments_method_known check (method in ('free', 'test')),
    token              text,
    status             text        not null constraint payments_status_known check (status in ('created', 'succeeded', 'failed', 'cancelled')),
    amount_minor       bigint      not null constraint payments_amount_not_negative check (amount_minor >= 0),
    currency           char(3)     not null,
    provider_reference text,
    hold_expires_at    timestamptz not null,
    next_check_at      timestamptz not null,
    created_at         timestamptz not null default clock_timestamp(),
    updated_at         timestamptz not null default clock_timestamp(),
    constraint payments_pkey primary key (tenant_id, id),
    constraint payments_one_per_order unique (tenant_id, order_id)
);
create index ix_payments_unsettled on tickets.payments (next_check_at) where status = 'created';

create table tickets.refunds (
    tenant_id          uuid        not null,
    id                 uuid        not null,
    order_id           uuid        not null,
    payment_id         uuid        not null,
    amount_minor       bigint      not null constraint refunds_amount_positive check (amount_minor > 0),
    currency           char(3)     not null,
    reason             text        not null,
    status             text        not null constraint refunds_status_known check (status in ('pending', 'succeeded', 'failed')),
    provider_reference text,
    attempts           integer     not null default 0,
    next_attempt_at    timestamptz not null default clock_timestamp(),
    created_at         timestamptz not null default clock_timestamp(),
    updated_at         timestamptz not null default clock_timestamp(),
    constraint refunds_pkey primary key (tenant_id, id)
);
create index ix_refunds_order on tickets.refunds (tenant_id, order_id);
create index ix_refunds_pending on tickets.refunds (next_attempt_at) where status = 'pending';

create table tickets.tickets (
    tenant_id        uuid        not null,
    id               uuid        not null,
    event_id         uuid        not null,
    ticket_type_id   uuid        not null,
    section_id       uuid        not null,
    order_id         uuid        not null,
    reservation_id   uuid,
    user_id          uuid,
    status           text        not null constraint tickets_status_known check (status in ('issued', 'blocked', 'refunded', 'cancelled')),
    owner_version    smallint    not null default 1 constraint tickets_owner_version_positive check (owner_version > 0),
    face_value_minor bigint      not null constraint tickets_face_value_not_negative check (face_value_minor >= 0),
    currency         char(3)     not null,
    nft_token_id     text,
    nft_status       text,
    created_at       timestamptz not null default clock_timestamp(),
    updated_at       timestamptz not null default clock_timestamp(),
    constraint tickets_pkey primary key (tenant_id, id)
);

-- What the QR code of a ticket's owner carries: sealed anew with each owner, signed when it is first shown (a signature is random, a code is not).
create table tickets.ticket_codes (
    tenant_id  uuid  not null,
    ticket_id  uuid  not null,
    carrier    bytea not null constraint ticket_codes_carrier_length check (length(carrier) = 49),
    signature  bytea not null constraint ticket_codes_signature_length check (length(signature) = 64),
    constraint ticket_codes_pkey primary key (tenant_id, ticket_id)
);

create table tickets.ticket_transfers (
    tenant_id       uuid        not null,
    id              uuid        not null,
    ticket_id       uuid        not null,
    from_user_id    uuid,
    to_user_id      uuid,
    recipient_email text        not null constraint ticket_transfers_email_length check (length(recipient_email) <= 320),
    message         text        constraint ticket_transfers_message_length check (length(message) <= 500),
    status          text        not null constraint ticket_transfers_status_known check (status in
                        ('offered', 'accepted', 'declined', 'cancelled', 'expired')),
    created_at      timestamptz not null default clock_timestamp(),
    expires_at      timestamptz not null,
    closed_at       timestamptz,
    constraint ticket_transfers_pkey primary key (tenant_id, id)
);

create table tickets.ticket_validations (
    tenant_id    uuid        not null,
    id           uuid        not null,
    ticket_id    uuid        not null,
    event_id     uuid        not null,
    direction    text        not null constraint ticket_validations_direction_known check (direction in ('in', 'out')),
    result       text        not null constraint ticket_validations_result_known check (result in ('admitted', 'refused')),
    reason       text        not null,
    gate         text        constraint ticket_validations_gate_length check (length(gate) <= 100),
    device_id    uuid,
    validated_by uuid,
    scanned_at   timestamptz not null,
    received_at  timestamptz not null default clock_timestamp(),
    offline      boolean     not null default false,
    constraint ticket_validations_pkey primary key (tenant_id, id)
);

-- Its primary key is what admits once.
create table tickets.admissions (
    tenant_id     uuid        not null,
    ticket_id     uuid        not null,
    event_id      uuid        not null,
    validation_id uuid        not null,
    admitted_at   timestamptz not null,
    inside        boolean     not null default true,
    constraint admissions_pkey primary key (tenant_id, ticket_id)
);

create function tickets.refuse_to_delete_held() returns trigger
    language plpgsql set search_path = pg_catalog, pg_temp as
$$
begin
    raise exception 'reservation % is held: release or expire it before it is deleted', old.id using errcode = 'integrity_constraint_violation';
end
$$;
create trigger reservations_held_stay before delete on tickets.reservations
    for each row when (old.status = 'held') execute function tickets.refuse_to_delete_held();

-- The one write across schemas: the Event Service keeps the Ticket Service's section counter in step, in its own transaction.
-- A capacity below what is held and sold breaks section_stock_never_oversold, and with it that transaction.
create function tickets.set_section_capacity(p_tenant_id uuid, p_section_id uuid, p_capacity integer) returns void
    language sql security definer set search_path = pg_catalog, pg_temp as
$$
    insert into tickets.section_stock (tenant_id, section_id, event_id, capacity)
    select s.tenant_id, s.id, s.event_id, p_capacity from events.sections s where s.tenant_id = p_tenant_id and s.id = p_section_id
    on conflict (tenant_id, section_id) do update set capacity = excluded.capacity;
$$;
revoke all on function tickets.set_section_capacity(uuid, uuid, integer) from public;
grant execute on function tickets.set_section_capacity(uuid, uuid, integer) to admitone_events;

-- ---------------------------------------------------------------- seeds, before row-level security binds the owner

insert into platform.tenants (id, slug, name) values ('00000000-0000-7000-8000-000000000001', 'platform', 'Platform');
insert into events.categories (tenant_id, slug, name, position)
select '00000000-0000-7000-8000-000000000001', slug, initcap(slug), position
  from unnest(array['music', 'sports', 'theatre', 'comedy', 'arts', 'conference', 'workshop', 'festival', 'family', 'nightlife'])
       with ordinality as seeded (slug, position);

-- ---------------------------------------------------------------- row-level security: enabled, forced, one policy a table

do $$
declare
    t text;
    tenant constant text := 'nullif(current_setting(''app.tenant_id'', true), '''')::uuid';
begin
    foreach t in array array[
        'platform.users', 'platform.idempotency_keys', 'platform.outbox',
        'events.categories', 'events.events', 'events.event_transitions', 'events.sections',
        'tickets.ticket_types', 'tickets.stock', 'tickets.section_stock', 'tickets.reservations', 'tickets.orders', 'tickets.order_items',
        'tickets.payments', 'tickets.refunds', 'tickets.tickets', 'tickets.ticket_codes', 'tickets.ticket_transfers', 'tickets.ticket_validations', 'tickets.admissions']
    loop
        execute format('create policy tenant on %s using (tenant_id = %s) with check (tenant_id = %s)', t, tenant, tenant);
        execute format('create policy audit on %s for select to admitone_audit using (true)', t);
        execute format('alter table %s enable row level security', t);
        execute format('alter table %s force row level security', t);
        execute format('grant select on %s to admitone_audit', t);
    end loop;
    execute format('create policy tenant on platform.tenants using (id = %s) with check (id = %s)', tenant, tenant);
end
$$;
create policy audit on platform.tenants for select to admitone_audit using (true);
alter table platform.tenants enable row level security;
alter table platform.tenants force row level security;
grant select on platform.tenants to admitone_audit;

-- The public catalogue is the one opening, and it must be asked for.
create policy catalogue on events.events for select
    using (current_setting('app.scope', true) = 'catalogue' and visibility in ('public', 'unlisted')
           and status not in ('draft', 'review', 'approved') and deleted_at is null);

-- ---------------------------------------------------------------- work for all tenants: narrow functions that answer ids
-- They compare with statement_timestamp(): an index cannot be searched with the volatile clock_timestamp(), and all that waits would be read.

create policy worker on platform.tenants for select to admitone_worker using (true);
create policy worker on tickets.ticket_types for select to admitone_worker using (true);
create policy worker on tickets.reservations for select to admitone_worker using (true);
create policy worker on tickets.payments for select to admitone_worker using (true);
create policy worker on tickets.refunds for select to admitone_worker using (true);
grant select (id, slug, name) on platform.tenants to admitone_worker;
grant select (tenant_id, id) on tickets.ticket_types to admitone_worker;
grant select (tenant_id, event_id, ticket_type_id, status, expires_at) on tickets.reservations to admitone_worker;
grant select (tenant_id, order_id, status, next_check_at) on tickets.payments to admitone_worker;
grant select (tenant_id, id, status, next_attempt_at) on tickets.refunds to admitone_worker;
grant create on schema platform, tickets to admitone_worker;

create function platform.organizers(p_ids uuid[], p_slug text) returns table (tenant_id uuid, slug text, name text)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select id, slug, name from platform.tenants where id = any (p_ids) or slug = p_slug $$;
comment on function platform.organizers is 'The public names of organisers, by id or by slug: events of the catalogue name theirs.';

create function tickets.tenant_of_ticket_type(p_ticket_type_id uuid) returns uuid
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select tenant_id from tickets.ticket_types where id = p_ticket_type_id $$;

create function tickets.events_with_expired_holds(p_limit integer) returns table (tenant_id uuid, event_id uuid, ticket_type_ids uuid[])
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    select due.tenant_id, due.event_id, array_agg(distinct due.ticket_type_id)
      from (select r.tenant_id, r.event_id, r.ticket_type_id from tickets.reservations r
             where r.status = 'held' and r.expires_at <= statement_timestamp() order by r.expires_at limit p_limit) due
     group by due.tenant_id, due.event_id
$$;

create function tickets.unsettled_payments(p_limit integer) returns table (tenant_id uuid, order_id uuid)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    select p.tenant_id, p.order_id from tickets.payments p
     where p.status = 'created' and p.next_check_at <= statement_timestamp() order by p.next_check_at limit p_limit
$$;

create function tickets.pending_refunds(p_limit integer) returns table (tenant_id uuid, refund_id uuid)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    select r.tenant_id, r.id from tickets.refunds r
     where r.status = 'pending' and r.next_attempt_at <= statement_timestamp() order by r.next_attempt_at limit p_limit
$$;

alter function platform.organizers(uuid[], text) owner to admitone_worker;
alter function tickets.tenant_of_ticket_type(uuid) owner to admitone_worker;
alter function tickets.events_with_expired_holds(integer) owner to admitone_worker;
alter function tickets.unsettled_payments(integer) owner to admitone_worker;
alter function tickets.pending_refunds(integer) owner to admitone_worker;
revoke create on schema platform, tickets from admitone_worker;

set local role admitone_worker;
revoke all on function platform.organizers(uuid[], text) from public;
revoke all on function tickets.tenant_of_ticket_type(uuid), tickets.events_with_expired_holds(integer),
    tickets.unsettled_payments(integer), tickets.pending_refunds(integer) from public;
grant execute on function platform.organizers(uuid[], text) to admitone_events, admitone_tickets;
grant execute on function tickets.tenant_of_ticket_type(uuid), tickets.events_with_expired_holds(integer),
    tickets.unsettled_payments(integer), tickets.pending_refunds(integer) to admitone_tickets;
set local role admitone_owner;

-- ---------------------------------------------------------------- grants: a service writes its own schema, and of platform what it must

grant select, insert, update, delete on all tables in schema events to admitone_events;
revoke all on events.sale_window from admitone_events;
grant select, insert, update, delete on all tables in schema tickets to admitone_tickets;
grant select on events.sale_window to admitone_tickets, admitone_audit;
grant select on platform.tenants to admitone_events, admitone_tickets;
grant select, insert (tenant_id, id, email, name), update (email, name, updated_at) on platform.users to admitone_events, admitone_tickets;
grant select, insert, update, delete on platform.idempotency_keys to admitone_events, admitone_tickets;
grant insert on platform.outbox to admitone_events, admitone_tickets;
