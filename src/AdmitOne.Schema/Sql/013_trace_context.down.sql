set local lock_timeout = '2s';

alter table tickets.webhook_deliveries drop column trace_parent;
alter table platform.outbox drop column trace_parent;
