-- Tenant life, and tokens that are not accepted any more.
set local lock_timeout = '2s';

alter table platform.tenants
    add column limit_multiplier numeric(8, 3) not null default 1 constraint tenants_limit_multiplier_range check (limit_multiplier between 0.01 and 1000);
comment on column platform.tenants.limit_multiplier is 'Every rate limit of the tenant''s people times this.';

create table platform.revoked_tokens (
    tenant_id  uuid        not null,
    jti        text        not null constraint revoked_tokens_jti_length check (length(jti) between 1 and 200),
    expires_at timestamptz not null,
    constraint revoked_tokens_pkey primary key (tenant_id, jti)
);
comment on table platform.revoked_tokens is 'What Redis lists for the replicas, kept until the token would have expired anyway.';

do $$
declare
    t text;
    tenant constant text := 'nullif(current_setting(''app.tenant_id'', true), '''')::uuid';
begin
    foreach t in array array['platform.revoked_tokens']
    loop
        execute format('create policy tenant on %s using (tenant_id = %s) with check (tenant_id = %s)', t, tenant, tenant);
        execute format('create policy audit on %s for select to admitone_audit using (true)', t);
        execute format('alter table %s enable row level security', t);
        execute format('alter table %s force row level security', t);
        execute format('grant select on %s to admitone_audit', t);
    end loop;
end
$$;
grant select, insert, update, delete on platform.revoked_tokens to admitone_events, admitone_tickets;

create policy worker on platform.revoked_tokens for select to admitone_worker using (true);
grant select on platform.revoked_tokens to admitone_worker;
grant create on schema platform to admitone_worker;

create function platform.revocations() returns table (tenant_id uuid, jti text, keep_seconds integer)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    select r.tenant_id, r.jti, greatest(ceil(extract(epoch from r.expires_at - statement_timestamp()))::integer, 1)
      from platform.revoked_tokens r where r.expires_at > statement_timestamp()
$$;
comment on function platform.revocations is 'Revoked tokens of all tenants: a Redis that has lost its list is told it again.';
alter function platform.revocations() owner to admitone_worker;
revoke create on schema platform from admitone_worker;

set local role admitone_worker;
revoke all on function platform.revocations() from public;
grant execute on function platform.revocations() to admitone_events, admitone_tickets;
set local role admitone_owner;
