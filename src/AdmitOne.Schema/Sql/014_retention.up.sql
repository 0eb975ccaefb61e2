-- What has been kept long enough goes: a thousand rows at a time, one caller at a time, and only what its policy shows. What an app's error could
-- ask for is bounded here: nothing younger than a week, no message that somebody has still to read, no admission's own scan.

set local lock_timeout = '2s';

do $$
declare
    t record;
begin
    for t in select * from (values
        ('platform.outbox', 'occurred_at', interval '7 days', 'true'),
        ('platform.webhook_receipts', 'received_at', interval '7 days', 'handled_at is not null'),
        ('tickets.webhook_deliveries', 'finished_at', interval '7 days', 'status <> ''waiting'''),
        ('tickets.ticket_validations', 'received_at', interval '30 days', 'true'),
        ('tickets.offline_scans', 'received_at', interval '30 days', 'true'),
        ('tickets.unreadable_scans', 'minute', interval '7 days', 'true')) as v (name, since, least_kept, besides)
    loop
        execute format('create policy retention on %s for delete to admitone_worker using (%s and %I < statement_timestamp() - %L::interval)', t.name, t.besides, t.since, t.least_kept);
        execute format('create policy retention_sees on %s for select to admitone_worker using (true)', t.name);
        execute format('grant select (%I), delete on %s to admitone_worker', t.since, t.name);
    end loop;
end
$$;
grant select (tenant_id, id, handled_at, source) on platform.webhook_receipts to admitone_worker;
grant select (tenant_id, id, status) on tickets.webhook_deliveries to admitone_worker;
grant select (tenant_id, id, ticket_id) on tickets.ticket_validations to admitone_worker;
grant select (tenant_id, event_id, device_id, scan_id) on tickets.offline_scans to admitone_worker;
grant select (tenant_id, event_id, minute, gate, device_id) on tickets.unreadable_scans to admitone_worker;
create policy retention_sees on tickets.admissions for select to admitone_worker using (true);
create policy retention_sees on tickets.scan_conflicts for select to admitone_worker using (true);
grant select (tenant_id, ticket_id, validation_id) on tickets.admissions to admitone_worker;
grant select (tenant_id, ticket_id, first_id, second_id) on tickets.scan_conflicts to admitone_worker;

grant create on schema platform, tickets to admitone_worker;

create function platform.sweep_messages(p_older_than interval, p_limit integer) returns integer
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    with mine as materialized (
        select pg_try_advisory_xact_lock(hashtext('platform.sweep_messages')) as ok
    ), old as (
        select s.tenant_id, s.outbox_id
          from mine, platform.outbox_heads h
         cross join lateral (select q.tenant_id, q.sequence, q.outbox_id from platform.outbox_sequence q where q.tenant_id = h.tenant_id order by q.sequence limit p_limit) s
          join platform.outbox o on o.tenant_id = s.tenant_id and o.id = s.outbox_id
         where mine.ok and o.occurred_at < statement_timestamp() - p_older_than
           and not exists (select from platform.outbox_cursors c where c.tenant_id = s.tenant_id and c.sequence < s.sequence)
         limit p_limit
    ), gone as (
        delete from platform.outbox o using old where o.tenant_id = old.tenant_id and o.id = old.outbox_id returning 1
    )
    select count(*)::integer from gone
$$;
comment on function platform.sweep_messages is 'Removes messages that every consumer has passed. Their numbers are not given again.';

create function platform.sweep_receipts(p_older_than interval, p_limit integer) returns integer
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    with old as (
        select tenant_id, source, id from platform.webhook_receipts where handled_at is not null and received_at < statement_timestamp() - p_older_than limit p_limit
    ), gone as (
        delete from platform.webhook_receipts r using old where r.tenant_id = old.tenant_id and r.source = old.source and r.id = old.id returning 1
    )
    select count(*)::integer from gone
$$;

create function tickets.sweep_deliveries(p_older_than interval, p_limit integer) returns integer
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    with old as (
        select tenant_id, id from tickets.webhook_deliveries where status <> 'waiting' and finished_at < statement_timestamp() - p_older_than limit p_limit
    ), gone as (
        delete from tickets.webhook_deliveries d using old where d.tenant_id = old.tenant_id and d.id = old.id returning 1
    )
    select count(*)::integer from gone
$$;

create function tickets.sweep_scans(p_older_than interval, p_limit integer) returns integer
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    with old as (
        select v.tenant_id, v.id from tickets.ticket_validations v
         where v.received_at < statement_timestamp() - p_older_than
           and not exists (select from tickets.admissions a where a.tenant_id = v.tenant_id and a.ticket_id = v.ticket_id and a.validation_id = v.id)
           and not exists (select from tickets.scan_conflicts c where c.tenant_id = v.tenant_id and c.ticket_id = v.ticket_id and v.id in (c.first_id, c.second_id))
         limit p_limit
    ), gone as (
        delete from tickets.ticket_validations v using old where v.tenant_id = old.tenant_id and v.id = old.id returning 1
    ), old_uploads as (
        select tenant_id, event_id, device_id, scan_id from tickets.offline_scans where received_at < statement_timestamp() - p_older_than limit p_limit
    ), gone_uploads as (
        delete from tickets.offline_scans o using old_uploads u
         where o.tenant_id = u.tenant_id and o.event_id = u.event_id and o.device_id = u.device_id and o.scan_id = u.scan_id returning 1
    ), old_texts as (
        select tenant_id, event_id, minute, gate, device_id from tickets.unreadable_scans where minute < statement_timestamp() - p_older_than limit p_limit
    ), gone_texts as (
        delete from tickets.unreadable_scans t using old_texts u
         where t.tenant_id = u.tenant_id and t.event_id = u.event_id and t.minute = u.minute and t.gate = u.gate and t.device_id = u.device_id returning 1
    )
    select ((select count(*) from gone) + (select count(*) from gone_uploads) + (select count(*) from gone_texts))::integer
$$;
comment on function tickets.sweep_scans is 'Removes attempts at the door. The scan that admitted somebody, and both of a conflict, stay with their ticket.';

alter function platform.sweep_messages(interval, integer) owner to admitone_worker;
alter function platform.sweep_receipts(interval, integer) owner to admitone_worker;
alter function tickets.sweep_deliveries(interval, integer) owner to admitone_worker;
alter function tickets.sweep_scans(interval, integer) owner to admitone_worker;
revoke create on schema platform, tickets from admitone_worker;

set local role admitone_worker;
revoke all on function platform.sweep_messages(interval, integer), platform.sweep_receipts(interval, integer), tickets.sweep_deliveries(interval, integer), tickets.sweep_scans(interval, integer) from public;
grant execute on function platform.sweep_messages(interval, integer), platform.sweep_receipts(interval, integer) to admitone_events, admitone_tickets;
grant execute on function tickets.sweep_deliveries(interval, integer), tickets.sweep_scans(interval, integer) to admitone_tickets;
set local role admitone_owner;
