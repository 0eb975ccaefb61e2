-- no transaction
create index concurrently if not exists ix_ticket_validations_received on tickets.ticket_validations using brin (received_at);
drop index concurrently if exists tickets.ix_mint_jobs_newest;
drop index concurrently if exists tickets.ix_webhook_deliveries_newest;
drop index concurrently if exists platform.ix_webhook_receipts_age;
drop index concurrently if exists tickets.ix_webhook_deliveries_age;
drop index concurrently if exists tickets.ix_unreadable_scans_age;
drop index concurrently if exists tickets.ix_offline_scans_age;
drop index concurrently if exists tickets.ix_ticket_validations_age;
drop index concurrently if exists tickets.ix_orders_newest;
drop index concurrently if exists tickets.ix_tickets_event;
