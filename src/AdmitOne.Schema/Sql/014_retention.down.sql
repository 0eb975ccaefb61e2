set local lock_timeout = '2s';

set local role admitone_worker;
drop function tickets.sweep_scans(interval, integer);
drop function tickets.sweep_deliveries(interval, integer);
drop function platform.sweep_receipts(interval, integer);
drop function platform.sweep_messages(interval, integer);
set local role admitone_owner;

do $$
declare
    t text;
begin
    foreach t in array array['platform.outbox', 'platform.webhook_receipts', 'tickets.webhook_deliveries', 'tickets.ticket_validations', 'tickets.offline_scans', 'tickets.unreadable_scans']
    loop
        execute format('drop policy retention on %s', t);
        execute format('drop policy retention_sees on %s', t);
    end loop;
end
$$;
drop policy retention_sees on tickets.admissions;
drop policy retention_sees on tickets.scan_conflicts;
revoke select (occurred_at) on platform.outbox from admitone_worker;
revoke select (received_at, handled_at) on platform.webhook_receipts from admitone_worker;
revoke select (finished_at) on tickets.webhook_deliveries from admitone_worker;
revoke select (received_at, ticket_id) on tickets.ticket_validations from admitone_worker;
revoke select (received_at) on tickets.offline_scans from admitone_worker;
revoke select (validation_id) on tickets.admissions from admitone_worker;
revoke select (first_id) on tickets.scan_conflicts from admitone_worker;
