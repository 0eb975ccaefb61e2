set local lock_timeout = '2s';

set local role admitone_worker;
drop function platform.revocations();
set local role admitone_owner;
drop table platform.revoked_tokens;
alter table platform.tenants drop column limit_multiplier;
