-- A batch of a lane writes a row of its own. Who loses the answer to its commit finds out by this row whether it happened, on whatever server is the primary then.
set local lock_timeout = '2s';

create table tickets.lane_batches (
    tenant_id  uuid        not null constraint lane_batches_tenant_id_fkey references platform.tenants (id) on delete cascade,
    id         uuid        not null,
    is_void    boolean     not null default false,
    created_at timestamptz not null default clock_timestamp(),
    constraint lane_batches_pkey primary key (tenant_id, id)
);
alter table tickets.lane_batches alter column tenant_id set (n_distinct = 1);
comment on table tickets.lane_batches is 'The batches of the lanes that have committed in the last hour, and those that must not commit any more.';
comment on column tickets.lane_batches.is_void is 'Written in the place of a batch whose answer was lost: that batch had not committed and can no longer do so.';
create index ix_lane_batches_created on tickets.lane_batches using brin (created_at);
comment on index tickets.ix_lane_batches_created is 'Old ones are swept.';

create policy tenant on tickets.lane_batches using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))
    with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));
create policy audit on tickets.lane_batches for select to admitone_audit using (true);
create policy worker on tickets.lane_batches to admitone_worker using (true);
create policy erasure on tickets.lane_batches for delete to admitone_worker using (exists (select from platform.tenants d where d.id = tenant_id and d.status = 'deleting'));
create policy erasure_sees on tickets.lane_batches for select to admitone_worker using (exists (select from platform.tenants d where d.id = tenant_id and d.status = 'deleting'));
alter table tickets.lane_batches enable row level security;
alter table tickets.lane_batches force row level security;
grant select on tickets.lane_batches to admitone_audit;
grant select, insert, update on tickets.lane_batches to admitone_tickets;
grant select (tenant_id, id, is_void, created_at), delete on tickets.lane_batches to admitone_worker;
grant create on schema tickets to admitone_worker;

create function tickets.sweep_lane_batches(p_limit integer) returns integer
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    with old as (
        select tenant_id, id from tickets.lane_batches
         where created_at < clock_timestamp() - interval '1 hour' and (not is_void or created_at < clock_timestamp() - interval '30 days')
         limit p_limit
    ), gone as (
        delete from tickets.lane_batches b using old where b.tenant_id = old.tenant_id and b.id = old.id returning 1
    )
    select count(*)::integer from gone
$$;
comment on function tickets.sweep_lane_batches is 'Forgets batches after an hour: their answer is looked for in the first seconds. A void one is kept for a month, for a server process that was stopped in mid-batch.';
alter function tickets.sweep_lane_batches(integer) owner to admitone_worker;
revoke create on schema tickets from admitone_worker;

set local role admitone_worker;
revoke all on function tickets.sweep_lane_batches(integer) from public;
grant execute on function tickets.sweep_lane_batches(integer) to admitone_tickets;
set local role admitone_owner;
