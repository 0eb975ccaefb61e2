set local lock_timeout = '2s';

do $$
declare
    k record;
begin
    for k in
        select format('%I.%I', n.nspname, c.relname) as child, f.conname
          from pg_constraint f join pg_class c on c.oid = f.conrelid join pg_namespace n on n.oid = c.relnamespace
         where f.contype = 'f' and n.nspname in ('platform', 'events', 'tickets')
    loop
        execute format('alter table %s drop constraint %I', k.child, k.conname);
    end loop;
end
$$;
