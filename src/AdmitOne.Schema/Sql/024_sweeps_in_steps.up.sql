-- Each sweep removes old rows in steps that look at a bounded number of rows and continue where the last one ended. `next` is passed to the next
-- step and is null when nothing old is left. The functions with two parameters stay for services of the version before.
set local lock_timeout = '2s';

grant create on schema platform, tickets to admitone_worker;

create function platform.sweep_messages(p_older_than interval, p_limit integer, p_after text) returns table (removed integer, next text)
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    h record;
    oldest timestamptz;
    read_to bigint;
    gone integer;
    looked_at integer := 0;
begin
    removed := 0;
    if pg_try_advisory_xact_lock(hashtext('platform.sweep_messages')) then
        for h in select o.tenant_id from platform.outbox_heads o where o.tenant_id >= coalesce(p_after::uuid, '00000000-0000-0000-0000-000000000000') order by o.tenant_id limit p_limit + 1
        loop
            next := h.tenant_id::text;
            if removed >= p_limit or looked_at >= p_limit then return next; return; end if;
            looked_at := looked_at + 1;

            -- Numbers are given in the order of time: if the first message is young, so are all.
            select o.occurred_at into oldest
              from (select q.outbox_id from platform.outbox_sequence q where q.tenant_id = h.tenant_id order by q.sequence limit 1) q
              join platform.outbox o on o.tenant_id = h.tenant_id and o.id = q.outbox_id;
            continue when oldest is null or oldest >= statement_timestamp() - p_older_than;
            select coalesce(min(c.sequence), 9223372036854775807) into read_to from platform.outbox_cursors c where c.tenant_id = h.tenant_id;
            with old as materialized (
                select s.outbox_id
                  from (select q.sequence, q.outbox_id from platform.outbox_sequence q where q.tenant_id = h.tenant_id order by q.sequence limit p_limit - removed) s
                  join platform.outbox o on o.tenant_id = h.tenant_id and o.id = s.outbox_id
                 where s.sequence <= read_to and o.occurred_at < statement_timestamp() - p_older_than
            ), d as (
                delete from platform.outbox o using old where o.tenant_id = h.tenant_id and o.id = old.outbox_id returning 1
            )
            select count(*)::integer into gone from d;
            removed := removed + gone;
            if removed >= p_limit then return next; return; end if;
        end loop;
    end if;
    next := null;
    return next;
end
$$;
comment on function platform.sweep_messages(interval, integer, text) is 'Removes messages that every consumer has passed, tenant by tenant. Their numbers are not given again.';

create function platform.sweep_receipts(p_older_than interval, p_limit integer, p_after text) returns table (removed integer, next text)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    with old as materialized (
        select tenant_id, source, id from platform.webhook_receipts
         where handled_at is not null and received_at < statement_timestamp() - p_older_than order by received_at limit p_limit
    ), gone as (
        delete from platform.webhook_receipts r using old where r.tenant_id = old.tenant_id and r.source = old.source and r.id = old.id returning 1
    )
    select count(*)::integer, case when count(*) >= p_limit then 'more' end from gone
$$;

create function tickets.sweep_deliveries(p_older_than interval, p_limit integer, p_after text) returns table (removed integer, next text)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    with old as materialized (
        select tenant_id, id from tickets.webhook_deliveries
         where status <> 'waiting' and finished_at < statement_timestamp() - p_older_than order by finished_at limit p_limit
    ), gone as (
        delete from tickets.webhook_deliveries d using old where d.tenant_id = old.tenant_id and d.id = old.id returning 1
    )
    select count(*)::integer, case when count(*) >= p_limit then 'more' end from gone
$$;

create function tickets.sweep_uploads(p_older_than interval, p_limit integer, p_after text) returns table (removed integer, next text)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    with old as materialized (
        select tenant_id, event_id, device_id, scan_id from tickets.offline_scans
         where received_at < statement_timestamp() - p_older_than order by received_at limit p_limit
    ), gone as (
        delete from tickets.offline_scans o using old u
         where o.tenant_id = u.tenant_id and o.event_id = u.event_id and o.device_id = u.device_id and o.scan_id = u.scan_id returning 1
    )
    select count(*)::integer, case when count(*) >= p_limit then 'more' end from gone
$$;

create function tickets.sweep_texts(p_older_than interval, p_limit integer, p_after text) returns table (removed integer, next text)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    with old as materialized (
        select tenant_id, event_id, minute, gate, device_id from tickets.unreadable_scans
         where minute < statement_timestamp() - p_older_than order by minute limit p_limit
    ), gone as (
        delete from tickets.unreadable_scans t using old u
         where t.tenant_id = u.tenant_id and t.event_id = u.event_id and t.minute = u.minute and t.gate = u.gate and t.device_id = u.device_id returning 1
    )
    select count(*)::integer, case when count(*) >= p_limit then 'more' end from gone
$$;

-- Rows that stay are most of the old ones, and every step looks at them once: by the time, and each at its ticket by a key.
create function tickets.sweep_scans(p_older_than interval, p_limit integer, p_after text) returns table (removed integer, next text)
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set datestyle = 'ISO' set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off as
$$
declare
    after_at timestamptz := coalesce(split_part(p_after, '/', 1), '-infinity');
    after_tenant uuid := coalesce(split_part(p_after, '/', 2), '00000000-0000-0000-0000-000000000000');
    after_id uuid := coalesce(split_part(p_after, '/', 3), '00000000-0000-0000-0000-000000000000');
    looked_at integer;
begin
    -- As a text it is planned for these values; a kept plan reads the whole table.
    execute $sql$
        with page as materialized (
            select v.tenant_id, v.id, v.ticket_id, v.received_at from tickets.ticket_validations v
             where v.received_at < statement_timestamp() - $1 and (v.received_at, v.tenant_id, v.id) > ($3, $4, $5)
             order by v.received_at, v.tenant_id, v.id limit $2
        ), gone as (
            delete from tickets.ticket_validations v using page p
             where v.tenant_id = p.tenant_id and v.id = p.id
               and not exists (select from tickets.admissions a where a.tenant_id = p.tenant_id and a.ticket_id = p.ticket_id and a.validation_id = p.id)
               and not exists (select from tickets.scan_conflicts c where c.tenant_id = p.tenant_id and c.ticket_id = p.ticket_id and p.id in (c.first_id, c.second_id))
            returning 1
        )
        select (select count(*)::integer from gone), (select count(*)::integer from page),
               (select received_at || '/' || tenant_id || '/' || id from page order by received_at desc, tenant_id desc, id desc limit 1)
    $sql$ into removed, looked_at, next using p_older_than, p_limit, after_at, after_tenant, after_id;
    if looked_at < p_limit then next := null; end if;
    return next;
end
$$;
comment on function tickets.sweep_scans(interval, integer, text) is 'Removes attempts at the door. The scan that admitted somebody, and both of a conflict, stay with their ticket and are passed over.';

-- The same function, as a text that is planned for its value: a kept plan reads the whole table to find that nothing is old.
set local role admitone_worker;
create or replace function platform.sweep_idempotency_keys(p_older_than interval, p_limit integer) returns integer
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    removed integer;
begin
    execute $sql$
        with old as materialized (
            select tenant_id, user_id, route, key from platform.idempotency_keys where status = 'done' and created_at < $1 limit $2
        ), gone as (
            delete from platform.idempotency_keys k using old
             where k.tenant_id = old.tenant_id and k.user_id = old.user_id and k.route = old.route and k.key = old.key returning 1
        )
        select count(*)::integer from gone
    $sql$ into removed using statement_timestamp() - p_older_than, p_limit;
    return removed;
end
$$;
set local role admitone_owner;

alter function platform.sweep_messages(interval, integer, text) owner to admitone_worker;
alter function platform.sweep_receipts(interval, integer, text) owner to admitone_worker;
alter function tickets.sweep_deliveries(interval, integer, text) owner to admitone_worker;
alter function tickets.sweep_uploads(interval, integer, text) owner to admitone_worker;
alter function tickets.sweep_texts(interval, integer, text) owner to admitone_worker;
alter function tickets.sweep_scans(interval, integer, text) owner to admitone_worker;
revoke create on schema platform, tickets from admitone_worker;

set local role admitone_worker;
revoke all on function platform.sweep_messages(interval, integer, text), platform.sweep_receipts(interval, integer, text), tickets.sweep_deliveries(interval, integer, text),
    tickets.sweep_uploads(interval, integer, text), tickets.sweep_texts(interval, integer, text), tickets.sweep_scans(interval, integer, text) from public;
grant execute on function platform.sweep_messages(interval, integer, text), platform.sweep_receipts(interval, integer, text) to admitone_events, admitone_tickets;
grant execute on function tickets.sweep_deliveries(interval, integer, text), tickets.sweep_uploads(interval, integer, text), tickets.sweep_texts(interval, integer, text),
    tickets.sweep_scans(interval, integer, text) to admitone_tickets;
set local role admitone_owner;
