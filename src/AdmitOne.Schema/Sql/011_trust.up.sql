-- Tokens that are not accepted any more, the life of organisers, and webhooks to them.
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

-- ---------------------------------------------------------------- tenant life

alter table platform.tenants drop constraint tenants_status_known;
alter table platform.tenants
    add constraint tenants_status_known check (status in ('active', 'suspended', 'deleting')),
    add column status_since timestamptz not null default clock_timestamp();

-- ---------------------------------------------------------------- webhooks to organisers

create table tickets.webhook_endpoints (
    tenant_id             uuid        not null constraint webhook_endpoints_tenant_id_fkey references platform.tenants (id) on delete cascade,
    id                    uuid        not null,
    url                   text        not null constraint webhook_endpoints_url_length check (length(url) <= 2000),
    types                 text[]      not null default '{}' constraint webhook_endpoints_types_count check (cardinality(types) <= 50),
    enabled               boolean     not null default true,
    disabled_because      text        constraint webhook_endpoints_because_length check (length(disabled_because) <= 200),
    secret                text        not null,
    secret_previous       text,
    secret_previous_until timestamptz,
    leased_until          timestamptz not null default '-infinity',
    version               integer     not null default 1,
    created_at            timestamptz not null default clock_timestamp(),
    updated_at            timestamptz not null default clock_timestamp(),
    constraint webhook_endpoints_pkey primary key (tenant_id, id)
);
comment on column tickets.webhook_endpoints.leased_until is 'Until then one replica calls it; a replica that died lets go by it.';

create table tickets.webhook_deliveries (
    tenant_id       uuid        not null,
    id              uuid        not null,
    endpoint_id     uuid        not null,
    sequence        bigint      not null,
    message_id      uuid        not null,
    type            text        not null,
    body            text        not null,
    status          text        not null default 'waiting' constraint webhook_deliveries_status_known check (status in ('waiting', 'delivered', 'dead')),
    attempts        integer     not null default 0,
    next_attempt_at timestamptz not null default clock_timestamp(),
    last_status     integer,
    last_fault      text,
    created_at      timestamptz not null default clock_timestamp(),
    finished_at     timestamptz,
    constraint webhook_deliveries_pkey primary key (tenant_id, id),
    constraint webhook_deliveries_once unique (tenant_id, endpoint_id, sequence),
    constraint webhook_deliveries_endpoint_id_fkey foreign key (tenant_id, endpoint_id) references tickets.webhook_endpoints (tenant_id, id) on delete cascade
);
create index ix_webhook_deliveries_waiting on tickets.webhook_deliveries (tenant_id, endpoint_id, sequence) where status = 'waiting';

do $$
declare
    t text;
    tenant constant text := 'nullif(current_setting(''app.tenant_id'', true), '''')::uuid';
begin
    foreach t in array array['platform.revoked_tokens', 'tickets.webhook_endpoints', 'tickets.webhook_deliveries']
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
grant select, insert, update, delete on tickets.webhook_endpoints, tickets.webhook_deliveries to admitone_tickets;

-- ---------------------------------------------------------------- work for all tenants

create policy worker on platform.revoked_tokens for select to admitone_worker using (true);
create policy worker on tickets.webhook_endpoints for select to admitone_worker using (true);
create policy worker on tickets.webhook_deliveries for select to admitone_worker using (true);
create policy worker_makes on platform.tenants for insert to admitone_worker with check (true);
create policy worker_moves on platform.tenants for update to admitone_worker using (true) with check (true);
create policy worker_erases on platform.tenants for delete to admitone_worker using (status = 'deleting');
grant select (tenant_id, jti, expires_at) on platform.revoked_tokens to admitone_worker;
grant select (tenant_id, id, enabled, leased_until) on tickets.webhook_endpoints to admitone_worker;
grant select (tenant_id, endpoint_id, sequence, status, next_attempt_at) on tickets.webhook_deliveries to admitone_worker;
grant select (id, slug, name, status, status_since, limit_multiplier, created_at), insert (id, slug, name, limit_multiplier), update (status, status_since), delete
    on platform.tenants to admitone_worker;

-- A row may be removed by the worker when its tenant is being deleted, and not otherwise. Tables of later migrations say the same of themselves.
do $$
declare
    t record;
    keys text;
begin
    for t in select c.oid::regclass as name, c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
              join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
             where n.nspname in ('platform', 'events', 'tickets') and c.relkind = 'r'
    loop
        select string_agg(format('%I', a.attname), ', ' order by array_position(i.indkey::int2[], a.attnum)) into keys
          from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey) where i.indrelid = t.oid and i.indisprimary;
        execute format('create policy erasure on %s for delete to admitone_worker using (exists (select from platform.tenants d where d.id = tenant_id and d.status = ''deleting''))', t.name);
        execute format('create policy erasure_sees on %s for select to admitone_worker using (exists (select from platform.tenants d where d.id = tenant_id and d.status = ''deleting''))', t.name);
        execute format('grant select (%s), delete on %s to admitone_worker', keys, t.name);
    end loop;
end
$$;
create policy erasure_ends on tickets.reservations for update to admitone_worker
    using (exists (select from platform.tenants d where d.id = tenant_id and d.status = 'deleting'))
    with check (exists (select from platform.tenants d where d.id = tenant_id and d.status = 'deleting'));
grant update (status) on tickets.reservations to admitone_worker;

grant create on schema platform, tickets to admitone_worker;

create function platform.revocations() returns table (tenant_id uuid, jti text, keep_seconds integer)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    select r.tenant_id, r.jti, greatest(ceil(extract(epoch from r.expires_at - statement_timestamp()))::integer, 1)
      from platform.revoked_tokens r where r.expires_at > statement_timestamp()
$$;
comment on function platform.revocations is 'Revoked tokens of all tenants: a Redis that has lost its list is told it again.';

create function platform.tenants_newest(p_at timestamptz, p_id uuid, p_limit integer)
    returns table (id uuid, slug text, name text, status text, limit_multiplier numeric, created_at timestamptz)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    select t.id, t.slug, t.name, t.status, t.limit_multiplier, t.created_at from platform.tenants t
     where p_at is null or (t.created_at, t.id) < (p_at, p_id) order by t.created_at desc, t.id desc limit p_limit
$$;
comment on function platform.tenants_newest is 'Organisers for the platform''s administrator.';

create function platform.tenant_of(p_id uuid) returns table (id uuid, slug text, name text, status text, limit_multiplier numeric, created_at timestamptz)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$ select t.id, t.slug, t.name, t.status, t.limit_multiplier, t.created_at from platform.tenants t where t.id = p_id $$;
comment on function platform.tenant_of is 'One organiser for the platform''s administrator.';

create function platform.make_tenant(p_id uuid, p_slug text, p_name text, p_multiplier numeric)
    returns table (id uuid, slug text, name text, status text, limit_multiplier numeric, created_at timestamptz)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    insert into platform.tenants as t (id, slug, name, limit_multiplier) values (p_id, p_slug, p_name, p_multiplier)
    returning t.id, t.slug, t.name, t.status, t.limit_multiplier, t.created_at
$$;
comment on function platform.make_tenant is 'Makes an organiser.';

create function platform.move_tenant(p_id uuid, p_from text[], p_to text)
    returns table (id uuid, slug text, name text, status text, limit_multiplier numeric, created_at timestamptz)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    update platform.tenants t set status = p_to, status_since = clock_timestamp() where t.id = p_id and t.status = any (p_from)
    returning t.id, t.slug, t.name, t.status, t.limit_multiplier, t.created_at
$$;
comment on function platform.move_tenant is 'Suspends, resumes or begins to delete an organiser that is in one of these states.';

create function platform.tenants_to_erase() returns table (tenant_id uuid)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$ select t.id from platform.tenants t where t.status = 'deleting' and t.status_since < statement_timestamp() - interval '6 seconds' $$;
comment on function platform.tenants_to_erase is 'Whose rows are to be removed: replicas know of the deletion within 5 s, and work under way has ended.';

create function platform.erase_rows(p_tenant_id uuid, p_limit integer) returns integer
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    t record;
    child record;
    is_needed boolean;
    removed integer := 0;
    gone integer;
    rows_left boolean;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('admitone.erase_rows', 0)) then return 0; end if;
    if not exists (select from platform.tenants d where d.id = p_tenant_id and d.status = 'deleting') then return 0; end if;
    -- A held reservation refuses to be deleted; nobody will come for these.
    update tickets.reservations r set status = 'expired' where r.tenant_id = p_tenant_id and r.status = 'held';
    for t in select c.oid, c.oid::regclass as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
              join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
             where n.nspname in ('platform', 'events', 'tickets') and c.relkind = 'r' order by c.oid desc
    loop
        -- What still points at a row of this table goes first.
        is_needed := false;
        for child in select k.conrelid::regclass as name from pg_constraint k where k.contype = 'f' and k.confrelid = t.oid and k.conrelid <> t.oid loop
            execute format('select exists (select from %s where tenant_id = $1)', child.name) into rows_left using p_tenant_id;
            is_needed := is_needed or rows_left;
        end loop;
        continue when is_needed;
        execute (select format('delete from %1$s where (%2$s) in (select %2$s from %1$s where tenant_id = $1 limit $2)', t.name,
                               string_agg(format('%I', a.attname), ', ' order by array_position(i.indkey::int2[], a.attnum)))
                   from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
                  where i.indrelid = t.oid and i.indisprimary) using p_tenant_id, p_limit - removed;
        get diagnostics gone = row_count;
        removed := removed + gone;
        if removed >= p_limit then return removed; end if;
    end loop;
    if removed > 0 then return removed; end if;
    delete from platform.tenants d where d.id = p_tenant_id and d.status = 'deleting';
    return -1;
end
$$;
comment on function platform.erase_rows is 'Removes some rows of a tenant that is being deleted. -1: all are gone, and the tenant with them. 0: another caller is at it.';

create function tickets.endpoints_due(p_limit integer) returns table (tenant_id uuid, endpoint_id uuid)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    select e.tenant_id, e.id from tickets.webhook_endpoints e
      cross join lateral (select d.next_attempt_at from tickets.webhook_deliveries d
                           where d.tenant_id = e.tenant_id and d.endpoint_id = e.id and d.status = 'waiting' order by d.sequence limit 1) first
     where e.enabled and e.leased_until < statement_timestamp() and first.next_attempt_at <= statement_timestamp()
     order by first.next_attempt_at limit p_limit
$$;
comment on function tickets.endpoints_due is 'Webhook endpoints whose first message in line is due, and that no replica is calling.';

alter function platform.revocations() owner to admitone_worker;
alter function platform.tenants_newest(timestamptz, uuid, integer) owner to admitone_worker;
alter function platform.tenant_of(uuid) owner to admitone_worker;
alter function platform.make_tenant(uuid, text, text, numeric) owner to admitone_worker;
alter function platform.move_tenant(uuid, text[], text) owner to admitone_worker;
alter function platform.tenants_to_erase() owner to admitone_worker;
alter function platform.erase_rows(uuid, integer) owner to admitone_worker;
alter function tickets.endpoints_due(integer) owner to admitone_worker;
revoke create on schema platform, tickets from admitone_worker;

set local role admitone_worker;
revoke all on function platform.revocations(), platform.tenants_newest(timestamptz, uuid, integer), platform.tenant_of(uuid), platform.make_tenant(uuid, text, text, numeric),
    platform.move_tenant(uuid, text[], text), platform.tenants_to_erase(), platform.erase_rows(uuid, integer), tickets.endpoints_due(integer) from public;
grant execute on function platform.revocations() to admitone_events, admitone_tickets;
grant execute on function platform.tenants_newest(timestamptz, uuid, integer), platform.tenant_of(uuid), platform.make_tenant(uuid, text, text, numeric),
    platform.move_tenant(uuid, text[], text), platform.tenants_to_erase(), platform.erase_rows(uuid, integer), tickets.endpoints_due(integer) to admitone_tickets;
set local role admitone_owner;
