-- no transaction
-- A service keeps one plan of a statement for all organisers. Where there are thousands of small ones, PostgreSQL takes any organiser for small, and
-- reads everything of his rather than ask a primary key a few times: of the one with a stadium that is everything, for each batch.
-- So each is planned for as if all rows were his. A table at a time, beside whoever reads and writes it: counting takes long where there are many rows.
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
        execute format('alter table %s alter column tenant_id set (n_distinct = 1)', t);
        execute format('analyze %s', t);   -- what is set is believed from then on
        commit;
    end loop;
end
$$;
