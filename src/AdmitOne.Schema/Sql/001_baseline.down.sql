set local lock_timeout = '2s';

drop schema tickets cascade;
drop schema events cascade;
drop function platform.organizers(uuid[], text);
drop table platform.outbox, platform.idempotency_keys, platform.users, platform.tenants;
