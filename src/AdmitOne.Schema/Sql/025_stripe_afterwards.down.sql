-- Encrypted secrets of webhook endpoints stay encrypted, which the version before cannot read: rotate them after going back.
set local lock_timeout = '2s';

grant create on schema tickets to admitone_worker;
set local role admitone_worker;
drop function tickets.endpoints_to_seal(text, integer);
drop function tickets.pending_refunds(integer, text[]);
drop function tickets.unsettled_payments(integer, text[]);
drop function tickets.tenant_of_payment(text);
set local role admitone_owner;
revoke create on schema tickets from admitone_worker;
revoke select (sealed_with) on tickets.webhook_endpoints from admitone_worker;
revoke select (payment_id, needs_person) on tickets.refunds from admitone_worker;
revoke select (method, provider_reference) on tickets.payments from admitone_worker;

alter table tickets.webhook_endpoints drop column sealed_with;
drop table tickets.disputes;
alter table tickets.refunds drop column unassigned_minor;
alter table tickets.refunds drop column from_provider;
alter table tickets.refunds drop column needs_person;
alter table tickets.refunds drop column provider_checks;
alter table tickets.refunds drop column key_first_sent_at;
alter table tickets.refunds drop column key_number;
