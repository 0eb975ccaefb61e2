-- A service keeps one plan of a statement for all organisers. Where there are thousands of small ones, PostgreSQL takes any organiser for small, and
-- reads everything of his rather than ask a primary key a few times: of the one with a stadium that is everything, for each batch.
-- So each is planned for as if all rows were his.
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
        execute format('alter table %s alter column tenant_id set (n_distinct = 1)', t);
        execute format('analyze %s', t);   -- what is set is believed from then on
    end loop;
end
$$;
