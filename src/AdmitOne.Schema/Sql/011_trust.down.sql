set local lock_timeout = '2s';

drop function tickets.endpoints_due(integer);
drop function platform.erase_rows(uuid, integer);
drop function platform.tenants_to_erase();
drop function platform.move_tenant(uuid, text[], text);
drop function platform.make_tenant(uuid, text, text, numeric);
drop function platform.tenant_of(uuid);
drop function platform.tenants_newest(timestamptz, uuid, integer);
drop function platform.revocations();

-- What was given for the erasure, and to nobody before; what the worker had of its own stays.
do $$
declare
    t record;
begin
    for t in select c.oid::regclass as name from pg_policy p join pg_class c on c.oid = p.polrelid where p.polname = 'erasure' loop
        execute format('drop policy erasure on %s', t.name);
        execute format('drop policy erasure_sees on %s', t.name);
        if t.name::text not in ('platform.outbox_waiting', 'platform.audit_waiting') then execute format('revoke delete on %s from admitone_worker', t.name); end if;
    end loop;
end
$$;
drop policy erasure_ends on tickets.reservations;
revoke update (status) on tickets.reservations from admitone_worker;
revoke insert (id, slug, name, limit_multiplier), update (status, status_since), delete on platform.tenants from admitone_worker;
drop policy worker_makes on platform.tenants;
drop policy worker_moves on platform.tenants;
drop policy worker_erases on platform.tenants;

drop table tickets.webhook_deliveries;
drop table tickets.webhook_endpoints;
drop table platform.revoked_tokens;

-- An organiser that was half deleted is one that nobody may act for.
alter table platform.tenants no force row level security;
update platform.tenants set status = 'suspended' where status = 'deleting';
alter table platform.tenants force row level security;
alter table platform.tenants drop constraint tenants_status_known;
alter table platform.tenants
    add constraint tenants_status_known check (status in ('active', 'suspended')),
    drop column status_since,
    drop column limit_multiplier;
