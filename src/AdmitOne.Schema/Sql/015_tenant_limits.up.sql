set local lock_timeout = '2s';

grant update (limit_multiplier) on platform.tenants to admitone_worker;
grant create on schema platform to admitone_worker;

create function platform.limit_tenant(p_id uuid, p_multiplier numeric)
    returns table (id uuid, slug text, name text, status text, limit_multiplier numeric, created_at timestamptz)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    update platform.tenants t set limit_multiplier = p_multiplier where t.id = p_id and t.status <> 'deleting'
    returning t.id, t.slug, t.name, t.status, t.limit_multiplier, t.created_at
$$;
comment on function platform.limit_tenant is 'Gives an organiser more calls, or fewer.';

alter function platform.limit_tenant(uuid, numeric) owner to admitone_worker;
revoke create on schema platform from admitone_worker;

set local role admitone_worker;
revoke all on function platform.limit_tenant(uuid, numeric) from public;
grant execute on function platform.limit_tenant(uuid, numeric) to admitone_tickets;
set local role admitone_owner;
