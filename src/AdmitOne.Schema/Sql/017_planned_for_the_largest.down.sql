set local lock_timeout = '2s';

do $$
declare
    t regclass;
begin
    for t in
        select a.attrelid from pg_attribute a join pg_class c on c.oid = a.attrelid
         where a.attname = 'tenant_id' and not a.attisdropped and c.relkind = 'r' and c.relnamespace in ('platform'::regnamespace, 'events'::regnamespace, 'tickets'::regnamespace)
         order by c.oid
    loop
        execute format('alter table %s alter column tenant_id reset (n_distinct)', t);
    end loop;
end
$$;
