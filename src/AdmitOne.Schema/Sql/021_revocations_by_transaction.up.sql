-- Each replica keeps the list of revoked tokens in memory and reads what was added since it last looked. Transaction numbers say what that is: rows become
-- visible in another order than that of any time that is written into them, and a clock may be set back.
set local lock_timeout = '2s';

-- A constant first: the rows that are there are not rewritten.
alter table platform.revoked_tokens add column revoked_in xid8 not null default '0';
alter table platform.revoked_tokens alter column revoked_in set default pg_current_xact_id();
comment on column platform.revoked_tokens.revoked_in is 'The transaction that wrote it, of this cluster; 0 before this was kept.';
comment on table platform.revoked_tokens is 'What each replica keeps in memory, until the token would have expired anyway.';
grant select (revoked_in) on platform.revoked_tokens to admitone_worker;
grant create on schema platform to admitone_worker;

create function platform.revocations_since(p_since text) returns table (tenant_id uuid, jti text, keep_seconds integer, complete_to text)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    select r.tenant_id, r.jti, greatest(ceil(extract(epoch from r.expires_at - statement_timestamp()))::integer, 1), pg_snapshot_xmin(pg_current_snapshot())::text
      from (select) one
      left join platform.revoked_tokens r on r.revoked_in >= p_since::xid8 and r.expires_at > statement_timestamp()
$$;
comment on function platform.revocations_since is
    'Revoked tokens of all tenants, written by this transaction or a later one, and the transaction to ask for next. One row of nulls and that transaction if there are none.';

alter function platform.revocations_since(text) owner to admitone_worker;
revoke create on schema platform from admitone_worker;

set local role admitone_worker;
revoke all on function platform.revocations_since(text) from public;
grant execute on function platform.revocations_since(text) to admitone_events, admitone_tickets;
set local role admitone_owner;
