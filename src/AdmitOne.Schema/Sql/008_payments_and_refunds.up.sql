-- Money by more ways than one, and money that goes back.
set local lock_timeout = '2s';

alter table tickets.payments drop constraint payments_method_known;
alter table tickets.payments add constraint payments_method_known check (method in ('free', 'test', 'cash', 'stripe', 'external')) not valid;
comment on column tickets.payments.method is 'external: an order service of the organiser''s takes the money and says so.';

alter table tickets.orders add column sold_by uuid;
comment on column tickets.orders.sold_by is 'Who sold it for cash: such an order has no owner.';

alter table tickets.tickets add column refund_id uuid;
comment on column tickets.tickets.refund_id is 'The refund with which it died.';

-- A refund that costs its whole amount in fees, or is of free tickets, is a refund all the same.
alter table tickets.refunds drop constraint refunds_amount_positive;
alter table tickets.refunds add constraint refunds_amount_not_negative check (amount_minor >= 0) not valid;
alter table tickets.refunds add column fee_minor bigint not null default 0 constraint refunds_fee_not_negative check (fee_minor >= 0);
alter table tickets.refunds add column requested_by uuid;
alter table tickets.refunds add column last_error text constraint refunds_last_error_length check (length(last_error) <= 500);
comment on column tickets.refunds.status is 'Whether the money has gone: failed is what the provider did not take, and is tried again at next_attempt_at.';
drop index tickets.ix_refunds_pending;
create index ix_refunds_unsent on tickets.refunds (next_attempt_at) where status in ('pending', 'failed');

-- Webhooks that were verified. Their sender may repeat one until it has been answered; what was handled is not handled again.
create table platform.webhook_receipts (
    tenant_id   uuid        not null constraint webhook_receipts_tenant_id_fkey references platform.tenants (id) on delete cascade,
    source      text        not null constraint webhook_receipts_source_length check (length(source) between 1 and 50),
    id          text        not null constraint webhook_receipts_id_length check (length(id) between 1 and 255),
    type        text        not null constraint webhook_receipts_type_length check (length(type) <= 100),
    received_at timestamptz not null default clock_timestamp(),
    handled_at  timestamptz,
    constraint webhook_receipts_pkey primary key (tenant_id, source, id)
);
create policy tenant on platform.webhook_receipts
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy audit on platform.webhook_receipts for select to admitone_audit using (true);
alter table platform.webhook_receipts enable row level security;
alter table platform.webhook_receipts force row level security;
grant select on platform.webhook_receipts to admitone_audit;
grant select, insert (tenant_id, source, id, type), update (handled_at), delete on platform.webhook_receipts to admitone_tickets;

-- A webhook says which order, not whose.
create policy worker_webhooks on tickets.orders for select to admitone_worker using (true);
grant select (tenant_id, id) on tickets.orders to admitone_worker;
grant create on schema tickets to admitone_worker;
set local role admitone_worker;

create function tickets.tenant_of_order(p_order_id uuid) returns uuid
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select t.id from platform.tenants t where exists (select from tickets.orders o where o.tenant_id = t.id and o.id = p_order_id) $$;
comment on function tickets.tenant_of_order is 'By the primary key of each tenant: an index by the id alone would be paid for by every purchase.';

create or replace function tickets.pending_refunds(p_limit integer) returns table (tenant_id uuid, refund_id uuid)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    select r.tenant_id, r.id from tickets.refunds r
     where r.status in ('pending', 'failed') and r.next_attempt_at <= statement_timestamp() order by r.next_attempt_at limit p_limit
$$;

revoke all on function tickets.tenant_of_order(uuid) from public;
grant execute on function tickets.tenant_of_order(uuid) to admitone_tickets;
set local role admitone_owner;
revoke create on schema tickets from admitone_worker;
