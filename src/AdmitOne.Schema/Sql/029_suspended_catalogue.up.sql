-- What a suspended organiser puts on is not shown to the public, and goes when the organiser is suspended.
set local lock_timeout = '2s';

create index ix_tenants_not_active on platform.tenants (id) where status <> 'active';
comment on index platform.ix_tenants_not_active is 'The few organisers whose events the catalogue leaves out, for each statement that reads it.';

grant create on schema platform to admitone_worker;
set local role admitone_worker;
create function platform.hidden_tenants() returns uuid[]
    language sql stable parallel safe security definer set search_path = pg_catalog, pg_temp as
$$ select coalesce(array_agg(t.id), '{}') from platform.tenants t where t.status <> 'active' $$;
comment on function platform.hidden_tenants is 'The organisers that are suspended or being deleted: nothing of theirs is in the public catalogue.';
revoke all on function platform.hidden_tenants() from public;
-- A policy's functions are called with the rights of the role that asks.
grant execute on function platform.hidden_tenants() to admitone_owner, admitone_events, admitone_tickets, admitone_audit;
set local role admitone_owner;
revoke create on schema platform from admitone_worker;

-- Asked as a subquery the function is called once a statement, and only where the catalogue is read.
alter policy catalogue on events.events
    using (current_setting('app.scope', true) = 'catalogue' and visibility in ('public', 'unlisted')
           and status not in ('draft', 'review', 'approved') and deleted_at is null
           and tenant_id <> all ((select platform.hidden_tenants())::uuid[]));
