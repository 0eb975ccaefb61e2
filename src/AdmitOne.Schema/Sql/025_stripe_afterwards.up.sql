-- What a payment provider says after the first yes: refunds that take days or fail, refunds made in its dashboard, disputes.
-- And the secrets of webhook endpoints are encrypted by the service; sealed_with says with which key.
set local lock_timeout = '2s';

alter table tickets.refunds add column key_number integer not null default 1;
alter table tickets.refunds add column key_first_sent_at timestamptz;
alter table tickets.refunds add column provider_checks integer not null default 0;
alter table tickets.refunds add column needs_person boolean not null default false;
alter table tickets.refunds add column from_provider boolean not null default false;
alter table tickets.refunds add column unassigned_minor bigint not null default 0 constraint refunds_unassigned_within_amount check (unassigned_minor between 0 and amount_minor);
comment on column tickets.refunds.key_number is 'Part of the provider''s idempotency key: a definite refusal uses a key up, and the next attempt has the next one.';
comment on column tickets.refunds.key_first_sent_at is 'When this key was first sent. A provider forgets keys after a day: then the refund is looked up before it is sent again.';
comment on column tickets.refunds.provider_checks is 'How often a refund that the provider has accepted was asked about.';
comment on column tickets.refunds.needs_person is 'Nothing happens to it by itself any more: it failed after it was accepted, or it was made in the provider''s dashboard and fits no tickets.';
comment on column tickets.refunds.from_provider is 'It was made in the provider''s dashboard and is booked here.';
comment on column tickets.refunds.unassigned_minor is 'The part of amount_minor for which no ticket was given back.';

create table tickets.disputes (
    tenant_id         uuid        not null,
    id                uuid        not null,
    order_id          uuid        not null,
    provider_id       text        not null constraint disputes_provider_id_length check (length(provider_id) between 1 and 255),
    status            text        not null constraint disputes_status_known check (status in ('open', 'won', 'lost')),
    provider_status   text        not null constraint disputes_provider_status_length check (length(provider_status) <= 50),
    reason            text        not null constraint disputes_reason_length check (length(reason) <= 100),
    amount_minor      bigint      not null constraint disputes_amount_not_negative check (amount_minor >= 0),
    currency          char(3)     not null,
    blocked_tickets   uuid[]      not null default '{}',
    created_at        timestamptz not null default clock_timestamp(),
    updated_at        timestamptz not null default clock_timestamp(),
    constraint disputes_pkey primary key (tenant_id, id),
    constraint disputes_once unique (tenant_id, provider_id),
    constraint disputes_order_id_fkey foreign key (tenant_id, order_id) references tickets.orders (tenant_id, id) on delete cascade
);
alter table tickets.disputes alter column tenant_id set (n_distinct = 1);
comment on table tickets.disputes is 'A buyer''s bank asks for the money of an order back. Open disputes block the order''s tickets; a won one unblocks what it blocked.';
comment on column tickets.disputes.blocked_tickets is 'The tickets that this dispute blocked: only these are unblocked when it is won.';
create index ix_disputes_order on tickets.disputes (tenant_id, order_id);
comment on index tickets.ix_disputes_order is 'Managers read an order with its disputes.';
create policy tenant on tickets.disputes
    using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));
create policy audit on tickets.disputes for select to admitone_audit using (true);
alter table tickets.disputes enable row level security;
alter table tickets.disputes force row level security;
create policy erasure on tickets.disputes for delete to admitone_worker using (exists (select from platform.tenants d where d.id = tenant_id and d.status = 'deleting'));
create policy erasure_sees on tickets.disputes for select to admitone_worker using (exists (select from platform.tenants d where d.id = tenant_id and d.status = 'deleting'));
grant select (tenant_id, id), delete on tickets.disputes to admitone_worker;
grant select on tickets.disputes to admitone_audit;
grant select, insert, update, delete on tickets.disputes to admitone_tickets;

alter table tickets.webhook_endpoints add column sealed_with text constraint webhook_endpoints_sealed_with_length check (length(sealed_with) <= 16);
comment on column tickets.webhook_endpoints.sealed_with is 'The id of the key with which secret and secret_previous are encrypted; null for text that is not encrypted yet, or for two keys.';

-- ---------------------------------------------------------------- work for all tenants

grant select (method, provider_reference) on tickets.payments to admitone_worker;
grant select (payment_id, needs_person) on tickets.refunds to admitone_worker;
grant select (sealed_with) on tickets.webhook_endpoints to admitone_worker;
grant create on schema tickets to admitone_worker;
set local role admitone_worker;

create function tickets.tenant_of_payment(p_reference text) returns table (tenant_id uuid, order_id uuid)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select p.tenant_id, p.order_id from tickets.payments p where p.method = 'stripe' and p.provider_reference = p_reference limit 1 $$;
comment on function tickets.tenant_of_payment is 'Whose order a payment of Stripe''s paid: refunds and disputes name nothing else.';

create function tickets.unsettled_payments(p_limit integer, p_methods text[]) returns table (tenant_id uuid, order_id uuid)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    select p.tenant_id, p.order_id from tickets.payments p
     where p.status = 'created' and p.next_check_at <= statement_timestamp() and p.method = any (p_methods) order by p.next_check_at limit p_limit
$$;
comment on function tickets.unsettled_payments(integer, text[]) is 'Only of the methods that the asking replica is configured for.';

create function tickets.pending_refunds(p_limit integer, p_methods text[]) returns table (tenant_id uuid, refund_id uuid)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    select r.tenant_id, r.id from tickets.refunds r join tickets.payments p on p.tenant_id = r.tenant_id and p.id = r.payment_id
     where r.status in ('pending', 'failed') and not (r.status = 'failed' and r.needs_person) and r.next_attempt_at <= statement_timestamp() and p.method = any (p_methods)
     order by r.next_attempt_at limit p_limit
$$;
comment on function tickets.pending_refunds(integer, text[]) is 'Only of the methods that the asking replica is configured for, and none that waits for a person.';

create function tickets.endpoints_to_seal(p_key text, p_limit integer) returns table (tenant_id uuid, endpoint_id uuid)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$ select e.tenant_id, e.id from tickets.webhook_endpoints e where e.sealed_with is distinct from p_key limit p_limit $$;
comment on function tickets.endpoints_to_seal is 'Webhook endpoints whose secrets are not encrypted with this key.';

revoke all on function tickets.tenant_of_payment(text), tickets.unsettled_payments(integer, text[]), tickets.pending_refunds(integer, text[]), tickets.endpoints_to_seal(text, integer) from public;
grant execute on function tickets.tenant_of_payment(text), tickets.unsettled_payments(integer, text[]), tickets.pending_refunds(integer, text[]), tickets.endpoints_to_seal(text, integer) to admitone_tickets;
set local role admitone_owner;
revoke create on schema tickets from admitone_worker;
