-- no transaction
-- What a big event is asked for: its tickets, the newest orders of a tenant, and the rows that retention looks for. Each is built beside a running sale.

create index concurrently if not exists ix_tickets_event on tickets.tickets (tenant_id, event_id, id);
create index concurrently if not exists ix_orders_newest on tickets.orders (tenant_id, created_at, id);

create index concurrently if not exists ix_ticket_validations_age on tickets.ticket_validations (received_at, tenant_id, id);
drop index concurrently if exists tickets.ix_ticket_validations_received;
create index concurrently if not exists ix_offline_scans_age on tickets.offline_scans (received_at);
create index concurrently if not exists ix_unreadable_scans_age on tickets.unreadable_scans (minute);
create index concurrently if not exists ix_webhook_deliveries_age on tickets.webhook_deliveries (finished_at) where status <> 'waiting';
create index concurrently if not exists ix_webhook_receipts_age on platform.webhook_receipts (received_at) where handled_at is not null;
create index concurrently if not exists ix_webhook_deliveries_newest on tickets.webhook_deliveries (tenant_id, endpoint_id, created_at, id);
create index concurrently if not exists ix_mint_jobs_newest on tickets.mint_jobs (tenant_id, created_at, id);

comment on index tickets.ix_webhook_deliveries_newest is 'What an endpoint was sent, newest first.';
comment on index tickets.ix_mint_jobs_newest is 'A tenant''s mint jobs, newest first.';
comment on index tickets.ix_tickets_event is 'An event''s tickets, newest first: lists, door packs, reports and the recount.';
comment on index tickets.ix_orders_newest is 'A tenant''s orders, newest first.';
comment on index tickets.ix_ticket_validations_age is 'Retention passes over what stays, oldest first.';
comment on index tickets.ix_offline_scans_age is 'Retention finds the oldest first.';
comment on index tickets.ix_unreadable_scans_age is 'Retention finds the oldest first.';
comment on index tickets.ix_webhook_deliveries_age is 'Retention finds the oldest first.';
comment on index platform.ix_webhook_receipts_age is 'Retention finds the oldest first.';
