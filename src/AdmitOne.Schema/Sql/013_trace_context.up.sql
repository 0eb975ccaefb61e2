-- Where a message comes from, so that its delivery stands in the same trace. Empty unless traces are kept.

set local lock_timeout = '2s';

alter table platform.outbox add column trace_parent text;
comment on column platform.outbox.trace_parent is 'The W3C traceparent of what caused the message; null if that was not recorded.';

alter table tickets.webhook_deliveries add column trace_parent text;
comment on column tickets.webhook_deliveries.trace_parent is 'The same, for the delivery.';
