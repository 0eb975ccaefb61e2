-- no transaction
-- Whose rows a statement sees is one answer for all of it. Written as a subquery it is found once, instead of anew for each row that is read,
-- written or checked: a text that is looked up, compared and made a uuid. A table at a time, each for as long as it takes to say so.
set lock_timeout = '2s';

do $$
declare
    p record;
    tenant constant text := '(select nullif(current_setting(''app.tenant_id'', true), '''')::uuid)';
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
