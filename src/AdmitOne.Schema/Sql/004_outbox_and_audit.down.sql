-- The messages stay; their numbers and the audit log go. Numbers given again after another way up may differ.
set local lock_timeout = '2s';

drop trigger outbox_waits_for_its_number on platform.outbox;
drop function platform.number_messages(integer), platform.outbox_backlog(), platform.tenants_behind(text, integer),
    platform.consumer_backlog(text), platform.seal_audit(integer), platform.sweep_idempotency_keys(interval, integer), platform.await_number(), platform.await_seal() cascade;
drop table platform.audit_seals, platform.audit_blocks, platform.audit_waiting, platform.audit_log,
    platform.outbox_cursors, platform.outbox_heads, platform.outbox_sequence, platform.outbox_waiting;
revoke select on platform.outbox from admitone_events, admitone_tickets;
revoke select (tenant_id, id) on platform.outbox from admitone_worker;
drop policy worker on platform.outbox;
revoke select (tenant_id, user_id, route, key, status, created_at), delete on platform.idempotency_keys from admitone_worker;
drop policy worker on platform.idempotency_keys;
drop index platform.ix_idempotency_keys_created;
alter table platform.idempotency_keys drop column response_headers;
