set local lock_timeout = '2s';

grant create on schema platform to admitone_worker;
set local role admitone_worker;
drop function tickets.sweep_scans(interval, integer, text);
drop function tickets.sweep_texts(interval, integer, text);
drop function tickets.sweep_uploads(interval, integer, text);
drop function tickets.sweep_deliveries(interval, integer, text);
drop function platform.sweep_receipts(interval, integer, text);
drop function platform.sweep_messages(interval, integer, text);
create or replace function platform.sweep_idempotency_keys(p_older_than interval, p_limit integer) returns integer
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    with old as (
        select tenant_id, user_id, route, key from platform.idempotency_keys
         where status = 'done' and created_at < statement_timestamp() - p_older_than limit p_limit
    ), gone as (
        delete from platform.idempotency_keys k using old
         where k.tenant_id = old.tenant_id and k.user_id = old.user_id and k.route = old.route and k.key = old.key returning 1
    )
    select count(*)::integer from gone
$$;
set local role admitone_owner;
revoke create on schema platform from admitone_worker;
