-- A table of a page or two is read in no time, but a plan that takes its eleven rows for one has everything else of the statement done eleven times:
-- each scan's tickets were looked up once for each ticket type. Autovacuum never counts a table of fewer than fifty rows.
set local lock_timeout = '2s';

create or replace function platform.count_growing_tables() returns integer
    language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '1s'
    set default_statistics_target = 10   -- 3,000 rows say enough for a minute, and cost a tenth of what autovacuum looks at then
as
$$
declare
    t regclass;
    due integer := 0;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('platform.count_growing_tables', 0)) then return 0; end if;   -- another replica is at it
    for t in
        select c.oid from pg_class c
         where c.relkind = 'r' and c.relnamespace in ('platform'::regnamespace, 'events'::regnamespace, 'tickets'::regnamespace)
           -- What doubles later takes so long that autovacuum counts it in time.
           and c.relpages < 5000
           and (pg_relation_size(c.oid) / current_setting('block_size')::bigint >= greatest(10, 2 * c.relpages)
                or (c.relpages < 10 and pg_stat_get_live_tuples(c.oid) >= 2 * greatest(c.reltuples, 0.5)))
    loop
        execute format('analyze (skip_locked) %s', t);
        due := due + 1;
    end loop;
    return due;
end
$$;
comment on function platform.count_growing_tables is 'Analyses each table of at most 5,000 pages that has at least doubled since it was last counted, in rows while it has few pages, unless it is locked; how many were due.';
