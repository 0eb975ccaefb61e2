-- What leaves is numbered, and what was done is sealed: both by rows that are only ever inserted, with a queue beside each that says what is
-- still to do. The queues are filled by triggers, so a row cannot be told or noted without waiting to be numbered or sealed.
set local lock_timeout = '2s';

-- ---------------------------------------------------------------- outbox: numbers without gaps

create table platform.outbox_waiting (
    tenant_id uuid        not null,
    position  bigint      not null generated always as identity,
    outbox_id uuid        not null,
    since     timestamptz not null default clock_timestamp(),
    constraint outbox_waiting_pkey primary key (tenant_id, position)
);
comment on table platform.outbox_waiting is 'Messages that have no number yet. No foreign key: it is written with every purchase, and what names no message is dropped when its turn comes.';

create table platform.outbox_sequence (
    tenant_id   uuid        not null,
    sequence    bigint      not null constraint outbox_sequence_positive check (sequence > 0),
    outbox_id   uuid        not null,
    numbered_at timestamptz not null default clock_timestamp(),
    constraint outbox_sequence_pkey primary key (tenant_id, sequence),
    constraint outbox_sequence_numbers_once unique (tenant_id, outbox_id),
    constraint outbox_sequence_outbox_id_fkey foreign key (tenant_id, outbox_id) references platform.outbox (tenant_id, id) on delete cascade
);
comment on table platform.outbox_sequence is 'The order of a tenant''s messages: 1, 2, 3, without gaps, given after the commit by one sequencer at a time.';

create table platform.outbox_heads (
    tenant_id uuid   not null,
    sequence  bigint not null,
    constraint outbox_heads_pkey primary key (tenant_id),
    constraint outbox_heads_tenant_id_fkey foreign key (tenant_id) references platform.tenants (id) on delete cascade
);
comment on table platform.outbox_heads is 'A tenant''s newest number, which outlives the messages that retention removes.';

create table platform.outbox_cursors (
    tenant_id       uuid        not null,
    consumer        text        not null constraint outbox_cursors_consumer_length check (length(consumer) between 1 and 100),
    sequence        bigint      not null default 0 constraint outbox_cursors_sequence_not_negative check (sequence >= 0),
    failures        integer     not null default 0,
    next_attempt_at timestamptz not null default '-infinity',
    moved_at        timestamptz not null default clock_timestamp(),
    constraint outbox_cursors_pkey primary key (tenant_id, consumer),
    constraint outbox_cursors_tenant_id_fkey foreign key (tenant_id) references platform.tenants (id) on delete cascade
);
comment on table platform.outbox_cursors is 'How far each consumer is, moved in the transaction of its effect; and, of a message that fails, how often it did and when it is tried again.';

-- ---------------------------------------------------------------- audit: a chain of blocks for each tenant

create table platform.audit_log (
    tenant_id      uuid        not null,
    id             uuid        not null,
    occurred_at    timestamptz not null default clock_timestamp(),
    service        text        not null default current_setting('application_name'),
    actor_kind     text        not null constraint audit_log_actor_known check (actor_kind in ('user', 'device', 'service', 'system')),
    actor_id       uuid,
    actor_name     text        not null constraint audit_log_actor_name_length check (length(actor_name) <= 100),
    client_address text,
    request_id     text,
    action         text        not null constraint audit_log_action_length check (length(action) between 1 and 100),
    resource_type  text        not null constraint audit_log_resource_type_length check (length(resource_type) between 1 and 100),
    resource_id    uuid        not null,
    before         jsonb,
    after          jsonb,
    constraint audit_log_pkey primary key (tenant_id, id),
    constraint audit_log_tenant_id_fkey foreign key (tenant_id) references platform.tenants (id) on delete cascade
);
comment on table platform.audit_log is 'Who did what to what, from where, with the values before and after. Nobody may change or remove a row, and the chain tells if somebody did.';
create index ix_audit_log_newest on platform.audit_log (tenant_id, occurred_at desc, id desc);
create index ix_audit_log_resource on platform.audit_log (tenant_id, resource_id, occurred_at desc, id desc);

create table platform.audit_waiting (
    tenant_id uuid   not null,
    position  bigint not null generated always as identity,
    audit_id  uuid   not null,
    constraint audit_waiting_pkey primary key (tenant_id, position),
    constraint audit_waiting_tenant_id_fkey foreign key (tenant_id) references platform.tenants (id) on delete cascade
);

create table platform.audit_blocks (
    tenant_id uuid        not null,
    block     bigint      not null constraint audit_blocks_block_positive check (block > 0),
    rows      integer     not null constraint audit_blocks_rows_positive check (rows > 0),
    hash      bytea       not null constraint audit_blocks_hash_sha256 check (length(hash) = 32),
    sealed_at timestamptz not null default clock_timestamp(),
    constraint audit_blocks_pkey primary key (tenant_id, block),
    constraint audit_blocks_tenant_id_fkey foreign key (tenant_id) references platform.tenants (id) on delete cascade
);
comment on column platform.audit_blocks.hash is 'SHA-256 of the hash of the block before (none for the first) and then of the hashes of its rows, in order.';

create table platform.audit_seals (
    tenant_id uuid    not null,
    block     bigint  not null,
    position  integer not null,
    audit_id  uuid    not null,
    hash      bytea   not null constraint audit_seals_hash_sha256 check (length(hash) = 32),
    constraint audit_seals_pkey primary key (tenant_id, block, position),
    constraint audit_seals_seals_once unique (tenant_id, audit_id),
    constraint audit_seals_block_fkey foreign key (tenant_id, block) references platform.audit_blocks (tenant_id, block) on delete cascade
);
comment on table platform.audit_seals is 'The hash of each row by itself, so that a changed row can be named. No foreign key to the row: its removal is what the chain must show.';

-- ---------------------------------------------------------------- idempotency: an answer is kept with its headers, and swept after a day

alter table platform.idempotency_keys add column response_headers jsonb;
create index ix_idempotency_keys_created on platform.idempotency_keys using brin (created_at);

-- ---------------------------------------------------------------- row-level security, grants

do $$
declare
    t text;
    tenant constant text := 'nullif(current_setting(''app.tenant_id'', true), '''')::uuid';
begin
    foreach t in array array[
        'platform.outbox_waiting', 'platform.outbox_sequence', 'platform.outbox_heads', 'platform.outbox_cursors',
        'platform.audit_log', 'platform.audit_waiting', 'platform.audit_blocks', 'platform.audit_seals']
    loop
        execute format('create policy tenant on %s using (tenant_id = %s) with check (tenant_id = %s)', t, tenant, tenant);
        execute format('create policy audit on %s for select to admitone_audit using (true)', t);
        execute format('create policy worker on %s to admitone_worker using (true) with check (true)', t);
        execute format('alter table %s enable row level security', t);
        execute format('alter table %s force row level security', t);
        execute format('grant select on %s to admitone_audit', t);
    end loop;
end
$$;
create policy worker on platform.outbox for select to admitone_worker using (true);
create policy worker on platform.idempotency_keys to admitone_worker using (true);

grant select on platform.outbox, platform.outbox_sequence, platform.outbox_heads to admitone_events, admitone_tickets;
grant select, insert, update on platform.outbox_cursors to admitone_events, admitone_tickets;
grant select, insert on platform.audit_log to admitone_events, admitone_tickets;
grant select on platform.audit_blocks, platform.audit_seals to admitone_events, admitone_tickets;

grant select (tenant_id, id) on platform.outbox to admitone_worker;
grant select (tenant_id, user_id, route, key, status, created_at), delete on platform.idempotency_keys to admitone_worker;
grant select, insert (tenant_id, outbox_id), delete on platform.outbox_waiting to admitone_worker;
grant select, insert on platform.outbox_sequence to admitone_worker;
grant select, insert, update on platform.outbox_heads to admitone_worker;
grant select on platform.outbox_cursors to admitone_worker;
grant select on platform.audit_log to admitone_worker;
grant select, insert (tenant_id, audit_id), delete on platform.audit_waiting to admitone_worker;
grant select, insert on platform.audit_blocks, platform.audit_seals to admitone_worker;

-- ---------------------------------------------------------------- the queues are filled by what they wait for

grant create on schema platform to admitone_worker;

create function platform.await_number() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
begin
    insert into platform.outbox_waiting (tenant_id, outbox_id) select tenant_id, id from told;
    return null;
end
$$;

create function platform.await_seal() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
begin
    insert into platform.audit_waiting (tenant_id, audit_id) select tenant_id, id from noted;
    return null;
end
$$;

-- ---------------------------------------------------------------- work for all tenants

create function platform.number_messages(p_limit integer) returns table (numbered_tenant_id uuid, messages integer)
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
begin
    -- Kept to the end of the transaction: whoever has it next sees what was numbered here.
    if not pg_try_advisory_xact_lock(hashtextextended('admitone.number_messages', 0)) then return; end if;
    return query
    with picked as (
        select w.tenant_id, w.position from platform.outbox_waiting w order by w.position limit p_limit
    ), taken as (
        delete from platform.outbox_waiting w using picked p where w.tenant_id = p.tenant_id and w.position = p.position
        returning w.tenant_id, w.position, w.outbox_id
    ), placed as (
        select t.tenant_id, t.outbox_id,
               coalesce(h.sequence, 0) + row_number() over (partition by t.tenant_id order by t.position) as sequence
          from taken t
          join platform.outbox o on o.tenant_id = t.tenant_id and o.id = t.outbox_id
          left join platform.outbox_heads h on h.tenant_id = t.tenant_id
    ), numbered as (
        insert into platform.outbox_sequence (tenant_id, sequence, outbox_id)
        select p.tenant_id, p.sequence, p.outbox_id from placed p order by p.tenant_id, p.sequence
        returning outbox_sequence.tenant_id, outbox_sequence.sequence
    ), newest as (
        select n.tenant_id, max(n.sequence) as sequence, count(*)::integer as messages from numbered n group by n.tenant_id
    ), moved as (
        insert into platform.outbox_heads as h (tenant_id, sequence) select n.tenant_id, n.sequence from newest n
        on conflict (tenant_id) do update set sequence = excluded.sequence
        returning h.tenant_id
    )
    select n.tenant_id, n.messages from newest n join moved m on m.tenant_id = n.tenant_id;
end
$$;
comment on function platform.number_messages is 'Numbers what has been committed and has no number, one caller at a time: the others get nothing and need not wait.';

create function platform.outbox_backlog() returns table (messages bigint, oldest_seconds double precision)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    select count(*), coalesce(extract(epoch from statement_timestamp() - min(since)), 0)::double precision from platform.outbox_waiting
$$;

create function platform.tenants_behind(p_consumer text, p_limit integer) returns table (tenant_id uuid)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    select h.tenant_id
      from platform.outbox_heads h left join platform.outbox_cursors c on c.tenant_id = h.tenant_id and c.consumer = p_consumer
     where h.sequence > coalesce(c.sequence, 0) and coalesce(c.next_attempt_at, '-infinity') <= statement_timestamp()
     order by c.moved_at nulls first limit p_limit
$$;
comment on function platform.tenants_behind is 'Whose messages a consumer has not all handled, who waited longest first; without those whose next message failed and waits for its next attempt.';

create function platform.consumer_backlog(p_consumer text) returns table (messages bigint, oldest_seconds double precision)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    select coalesce(sum(h.sequence - coalesce(c.sequence, 0)), 0)::bigint,
           coalesce(extract(epoch from statement_timestamp() - min(s.numbered_at)), 0)::double precision
      from platform.outbox_heads h
      left join platform.outbox_cursors c on c.tenant_id = h.tenant_id and c.consumer = p_consumer
      left join platform.outbox_sequence s on s.tenant_id = h.tenant_id and s.sequence = coalesce(c.sequence, 0) + 1
     where h.sequence > coalesce(c.sequence, 0)
$$;

create function platform.seal_audit(p_limit integer) returns table (sealed_tenant_id uuid, sealed_block bigint, sealed_hash bytea)
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    previous bytea;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('admitone.seal_audit', 0)) then return; end if;
    for sealed_tenant_id in select distinct w.tenant_id from platform.audit_waiting w order by w.tenant_id loop
        previous := null;
        sealed_block := null;
        select b.block, b.hash into sealed_block, previous from platform.audit_blocks b where b.tenant_id = sealed_tenant_id order by b.block desc limit 1;
        sealed_block := coalesce(sealed_block, 0) + 1;
        with picked as (
            -- A row that was removed before it was sealed is sealed as nothing, and so is missed.
            select w.position, w.audit_id, sha256(convert_to(case when a.id is null then '' else jsonb_build_array(
                       a.tenant_id, a.id, (extract(epoch from a.occurred_at) * 1000000)::bigint, a.service, a.actor_kind, a.actor_id, a.actor_name,
                       a.client_address, a.request_id, a.action, a.resource_type, a.resource_id, a.before, a.after)::text end, 'UTF8')) as hash
              from platform.audit_waiting w
              left join platform.audit_log a on a.tenant_id = w.tenant_id and a.id = w.audit_id
             where w.tenant_id = sealed_tenant_id order by w.position limit p_limit
        ), seals as (
            insert into platform.audit_seals (tenant_id, block, position, audit_id, hash)
            select sealed_tenant_id, sealed_block, row_number() over (order by p.position), p.audit_id, p.hash from picked p
        ), done as (
            delete from platform.audit_waiting w using picked p where w.tenant_id = sealed_tenant_id and w.position = p.position
        ), made as (
            insert into platform.audit_blocks as b (tenant_id, block, rows, hash)
            select sealed_tenant_id, sealed_block, count(*)::integer, sha256(coalesce(previous, '') || string_agg(p.hash, '' order by p.position)) from picked p
            returning b.hash
        )
        select m.hash into sealed_hash from made m;
        return next;
    end loop;
end
$$;
comment on function platform.seal_audit is 'Makes one block of each tenant''s unsealed rows, one caller at a time: the others get nothing and need not wait.';

create function platform.sweep_idempotency_keys(p_older_than interval, p_limit integer) returns integer
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    with old as (
        select tenant_id, user_id, route, key from platform.idempotency_keys
         where status = 'done' and created_at < statement_timestamp() - p_older_than limit p_limit
    ), gone as (
        delete from platform.idempotency_keys k using old
         where k.tenant_id = old.tenant_id and k.user_id = old.user_id and k.route = old.route and k.key = old.key returning 1
    )
    select count(*)::integer from gone
$$;
comment on function platform.sweep_idempotency_keys is 'Forgets answers that were kept long enough. One that is still being paid is the reconciler''s.';

alter function platform.await_number() owner to admitone_worker;
alter function platform.await_seal() owner to admitone_worker;
alter function platform.number_messages(integer) owner to admitone_worker;
alter function platform.outbox_backlog() owner to admitone_worker;
alter function platform.tenants_behind(text, integer) owner to admitone_worker;
alter function platform.consumer_backlog(text) owner to admitone_worker;
alter function platform.seal_audit(integer) owner to admitone_worker;
alter function platform.sweep_idempotency_keys(interval, integer) owner to admitone_worker;
revoke create on schema platform from admitone_worker;

set local role admitone_worker;
revoke all on function platform.await_number(), platform.await_seal(), platform.number_messages(integer), platform.outbox_backlog(),
    platform.tenants_behind(text, integer), platform.consumer_backlog(text), platform.seal_audit(integer), platform.sweep_idempotency_keys(interval, integer) from public;
grant execute on function platform.await_number(), platform.await_seal() to admitone_owner;
grant execute on function platform.number_messages(integer), platform.outbox_backlog(), platform.tenants_behind(text, integer),
    platform.consumer_backlog(text), platform.seal_audit(integer), platform.sweep_idempotency_keys(interval, integer) to admitone_events, admitone_tickets;
set local role admitone_owner;

create trigger outbox_waits_for_its_number after insert on platform.outbox
    referencing new table as told for each statement execute function platform.await_number();
create trigger audit_waits_for_its_seal after insert on platform.audit_log
    referencing new table as noted for each statement execute function platform.await_seal();

-- ---------------------------------------------------------------- what was told before it could be numbered, in the order of its telling

alter table platform.outbox no force row level security;
alter table platform.outbox_waiting no force row level security;
insert into platform.outbox_waiting (tenant_id, outbox_id) select tenant_id, id from platform.outbox order by occurred_at, id;
alter table platform.outbox_waiting force row level security;
alter table platform.outbox force row level security;
