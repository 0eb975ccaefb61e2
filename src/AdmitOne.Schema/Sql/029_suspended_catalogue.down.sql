set local lock_timeout = '2s';

alter policy catalogue on events.events
    using (current_setting('app.scope', true) = 'catalogue' and visibility in ('public', 'unlisted')
           and status not in ('draft', 'review', 'approved') and deleted_at is null);
drop index platform.ix_tenants_not_active;
set local role admitone_worker;
drop function platform.hidden_tenants();
set local role admitone_owner;
