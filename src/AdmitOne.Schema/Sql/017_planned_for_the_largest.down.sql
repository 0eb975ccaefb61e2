-- no transaction
set lock_timeout = '2s';

do $$
declare
    t regclass;
begin
    for t in
        select c.oid from pg_class c join pg_attribute a on a.attrelid = c.oid
         where a.attname = 'tenant_id' and c.relkind = 'r' and c.relnamespace in ('platform'::regnamespace, 'events'::regnamespace, 'tickets'::regnamespace)
         order by c.oid
    loop
        execute format('alter table %s alter column tenant_id reset (n_distinct)', t);
        commit;
    end loop;
end
$$;
