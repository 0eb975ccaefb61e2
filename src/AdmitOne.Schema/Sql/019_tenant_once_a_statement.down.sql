-- no transaction
set lock_timeout = '2s';

do $$
declare
    p record;
    tenant constant text := 'nullif(current_setting(''app.tenant_id'', true), '''')::uuid';
begin
    for p in
        select polrelid::regclass as t, case polrelid when 'platform.tenants'::regclass then 'id' else 'tenant_id' end as c
          from pg_policy where polname = 'tenant' order by polrelid
    loop
        execute format('alter policy tenant on %s using (%I = %s) with check (%I = %s)', p.t, p.c, tenant, p.c, tenant);
        commit;
    end loop;
end
$$;
