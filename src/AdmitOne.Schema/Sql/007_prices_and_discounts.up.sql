-- What a ticket costs beyond its face value: rules, fees and tax of a type, discounts and their uses, and what each order's lines and tickets came to.
set local lock_timeout = '2s';

-- ---------------------------------------------------------------- a type's prices: replaced as a whole, read with the type in one row

alter table tickets.ticket_types
    add column price_rules jsonb not null default '[]'
        constraint ticket_types_price_rules_list check (jsonb_typeof(price_rules) = 'array' and jsonb_array_length(price_rules) <= 10),
    add column fees jsonb not null default '[]'
        constraint ticket_types_fees_list check (jsonb_typeof(fees) = 'array' and jsonb_array_length(fees) <= 10),
    add column tax jsonb
        constraint ticket_types_tax_object check (jsonb_typeof(tax) = 'object');

-- ---------------------------------------------------------------- discounts

create table tickets.discounts (
    tenant_id             uuid        not null,
    id                    uuid        not null,
    code                  text        not null constraint discounts_code_readable check (code ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$'),
    kind                  text        not null constraint discounts_kind_known check (kind in ('percentage', 'fixed', 'buy_x_get_y')),
    percent_bp            integer     constraint discounts_percent_range check (percent_bp between 1 and 10000),
    amount_minor          bigint      constraint discounts_amount_positive check (amount_minor > 0),
    buy                   integer     constraint discounts_buy_range check (buy between 1 and 50),
    get                   integer     constraint discounts_get_range check (get between 1 and 50),
    currency              char(3)     constraint discounts_currency_code check (currency ~ '^[A-Z]{3}$'),
    minimum_minor         bigint      constraint discounts_minimum_not_negative check (minimum_minor >= 0),
    cap_minor             bigint      constraint discounts_cap_not_negative check (cap_minor >= 0),
    event_id              uuid,
    ticket_type_ids       uuid[]      constraint discounts_types_count check (cardinality(ticket_type_ids) between 1 and 100),
    valid_from            timestamptz not null,
    valid_until           timestamptz not null,
    max_uses              integer     constraint discounts_max_uses_positive check (max_uses > 0),
    max_uses_per_customer integer     constraint discounts_max_uses_per_customer_positive check (max_uses_per_customer > 0),
    priority              integer     not null default 0,
    stackable             boolean     not null default false,
    used                  integer     not null default 0,
    version               integer     not null default 1,
    created_at            timestamptz not null default clock_timestamp(),
    updated_at            timestamptz not null default clock_timestamp(),
    deleted_at            timestamptz,
    constraint discounts_pkey primary key (tenant_id, id),
    constraint discounts_tenant_id_fkey foreign key (tenant_id) references platform.tenants (id) on delete cascade,
    constraint discounts_event_id_fkey foreign key (tenant_id, event_id) references events.events (tenant_id, id) on delete cascade,
    constraint discounts_window check (valid_from < valid_until),
    constraint discounts_kind_has_its_numbers check (case kind
        when 'percentage' then percent_bp is not null and amount_minor is null and buy is null and get is null
        when 'fixed' then amount_minor is not null and percent_bp is null and buy is null and get is null
        else buy is not null and get is not null and percent_bp is null and amount_minor is null end),
    constraint discounts_money_has_currency check (currency is not null or (amount_minor is null and minimum_minor is null and cap_minor is null)),
    constraint discounts_never_overused check (used >= 0 and (max_uses is null or used <= max_uses))
);
comment on column tickets.discounts.used is 'Redemptions that count: changed only under the row''s lock, by the transaction that begins or ends their order.';
create unique index ix_discounts_code on tickets.discounts (tenant_id, upper(code)) where deleted_at is null;

create table tickets.discount_redemptions (
    tenant_id     uuid        not null,
    discount_id   uuid        not null,
    order_id      uuid        not null,
    user_id       uuid,
    status        text        not null constraint discount_redemptions_status_known check (status in ('counted', 'given_back')),
    amount_minor  bigint      not null constraint discount_redemptions_amount_not_negative check (amount_minor >= 0),
    currency      char(3)     not null,
    created_at    timestamptz not null default clock_timestamp(),
    updated_at    timestamptz not null default clock_timestamp(),
    constraint discount_redemptions_pkey primary key (tenant_id, discount_id, order_id),
    constraint discount_redemptions_discount_id_fkey foreign key (tenant_id, discount_id) references tickets.discounts (tenant_id, id) on delete cascade,
    constraint discount_redemptions_order_id_fkey foreign key (tenant_id, order_id) references tickets.orders (tenant_id, id) on delete cascade
);
comment on table tickets.discount_redemptions is 'One use of a discount by one order. A failed, expired or wholly refunded order gives it back.';
create index ix_discount_redemptions_customer on tickets.discount_redemptions (tenant_id, discount_id, user_id) where status = 'counted';

do $$
declare
    t text;
    tenant constant text := 'nullif(current_setting(''app.tenant_id'', true), '''')::uuid';
begin
    foreach t in array array['tickets.discounts', 'tickets.discount_redemptions'] loop
        execute format('create policy tenant on %s using (tenant_id = %s) with check (tenant_id = %s)', t, tenant, tenant);
        execute format('create policy audit on %s for select to admitone_audit using (true)', t);
        execute format('alter table %s enable row level security', t);
        execute format('alter table %s force row level security', t);
        execute format('grant select on %s to admitone_audit', t);
        execute format('grant select, insert, update, delete on %s to admitone_tickets', t);
    end loop;
end
$$;

-- ---------------------------------------------------------------- what holds, orders and tickets keep of their price

alter table tickets.reservations add column priced jsonb;
comment on column tickets.reservations.priced is 'On the first row of a hold whose price is more than price times quantity: its lines, discounts and what each ticket costs. Else null.';

alter table tickets.orders add column discount_ids uuid[];
comment on column tickets.orders.discount_ids is 'Whose uses this order counts, so that whoever ends it knows what to lock first. Null for none.';

alter table tickets.order_items
    add column kind text not null default 'ticket' constraint order_items_kind_known check (kind in ('ticket', 'discount', 'fee', 'tax')),
    add column label text,
    add column noted_minor bigint not null default 0 constraint order_items_noted_not_negative check (noted_minor >= 0),
    drop constraint order_items_total_adds_up,
    add constraint order_items_total_adds_up check (case kind
        when 'ticket' then total_minor = quantity * unit_price_minor
        when 'discount' then total_minor <= 0 and unit_price_minor = 0
        else total_minor >= 0 and unit_price_minor = 0 end);
comment on column tickets.order_items.noted_minor is 'Said and not added: tax that the price contains, a fee that the organiser bears. The order''s total is the sum of total_minor.';

alter table tickets.tickets
    add column paid_minor bigint,
    add constraint tickets_paid_not_negative check (paid_minor >= 0) not valid;
comment on column tickets.tickets.paid_minor is 'What the buyer paid for this ticket with its share of discounts, fees and tax; an order''s tickets add up to its total. Null, from a version that did not know it: the face value.';
alter table tickets.tickets no force row level security;
update tickets.tickets set paid_minor = face_value_minor where paid_minor is null;
alter table tickets.tickets force row level security;
