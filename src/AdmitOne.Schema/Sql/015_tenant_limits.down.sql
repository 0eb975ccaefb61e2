set local lock_timeout = '2s';

drop function platform.limit_tenant(uuid, numeric);
revoke update (limit_multiplier) on platform.tenants from admitone_worker;
