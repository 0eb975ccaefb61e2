-- Transfers had a table before they had a route: it is empty, so its indexes are built here and not concurrently.
set local lock_timeout = '2s';

-- ---------------------------------------------------------------- transfers

alter table tickets.ticket_transfers
    add column closed_because text constraint ticket_transfers_closed_because_known check (closed_because in ('ticket_blocked', 'ticket_refunded', 'ticket_cancelled')),
    add constraint ticket_transfers_closed_has_time check ((status = 'offered') = (closed_at is null)),
    add constraint ticket_transfers_accepted_by_somebody_else check (from_user_id <> to_user_id);
comment on column tickets.ticket_transfers.closed_because is 'Why an offer ended that nobody ended: its ticket died.';

create index ix_ticket_transfers_recipient on tickets.ticket_transfers (tenant_id, recipient_email, created_at);
create index ix_ticket_transfers_offered_expiry on tickets.ticket_transfers (expires_at) where status = 'offered';

-- An offer never outlives its ticket, whoever blocks, refunds or cancels it and wherever: the ticket's own row ends it, in the same transaction.
create function tickets.end_offer_of_dead_ticket() returns trigger
    language plpgsql set search_path = pg_catalog, pg_temp as
$$
declare
    ended record;
    ended_at constant timestamptz := clock_timestamp();
begin
    update tickets.ticket_transfers f
       set status = 'cancelled', closed_at = ended_at, closed_because = 'ticket_' || new.status
     where f.tenant_id = new.tenant_id and f.ticket_id = new.id and f.status = 'offered'
    returning f.id, f.from_user_id into ended;
    if found then
        -- The message's id is a UUIDv7 like all others: 48 bits of milliseconds, version 7, the rest random.
        insert into platform.outbox (tenant_id, id, type, resource_id, data)
        select new.tenant_id,
               encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
                      placing substring(int8send(floor(extract(epoch from ended_at) * 1000)::bigint) from 3) from 1 for 6), 52, 1), 53, 1), 'hex')::uuid,
               'transfer.cancelled', ended.id,
               jsonb_build_object('transferId', ended.id, 'ticketId', new.id, 'eventId', new.event_id, 'fromUserId', ended.from_user_id, 'because', 'ticket_' || new.status);
    end if;
    return null;
end
$$;
create trigger tickets_end_offers after update of status on tickets.tickets
    for each row when (old.status = 'issued' and new.status <> 'issued') execute function tickets.end_offer_of_dead_ticket();

-- ---------------------------------------------------------------- minting

alter table tickets.tickets add column nft_transaction_id text;

create table tickets.mint_jobs (
    tenant_id       uuid        not null,
    id              uuid        not null,
    ticket_id       uuid        not null,
    event_id        uuid        not null,
    kind            text        not null constraint mint_jobs_kind_known check (kind in ('mint', 'transfer', 'burn')),
    step            smallint    not null,
    owner_id        uuid,
    status          text        not null default 'waiting' constraint mint_jobs_status_known check (status in ('waiting', 'sent', 'done', 'dead')),
    attempts        integer     not null default 0 constraint mint_jobs_attempts_not_negative check (attempts >= 0),
    next_attempt_at timestamptz not null default clock_timestamp(),
    last_error      text        constraint mint_jobs_last_error_length check (length(last_error) <= 500),
    token_id        text        constraint mint_jobs_token_id_length check (length(token_id) <= 200),
    transaction_id  text        constraint mint_jobs_transaction_id_length check (length(transaction_id) <= 200),
    created_at      timestamptz not null default clock_timestamp(),
    updated_at      timestamptz not null default clock_timestamp(),
    constraint mint_jobs_pkey primary key (tenant_id, id),
    constraint mint_jobs_once_a_step unique (tenant_id, ticket_id, step),
    constraint mint_jobs_step_of_kind check ((kind = 'mint') = (step = 1) and (kind = 'burn') = (step = 32767) and step >= 1),
    constraint mint_jobs_ticket_id_fkey foreign key (tenant_id, ticket_id) references tickets.tickets (tenant_id, id) on delete cascade
);
comment on column tickets.mint_jobs.step is 'Orders the jobs of a ticket: 1 mints, n gives the token to the n-th owner, 32767 burns. The next is sent when the one before is done.';
comment on column tickets.mint_jobs.next_attempt_at is 'A job that is sent and not answered by then is asked about again.';
create index ix_mint_jobs_due on tickets.mint_jobs (next_attempt_at) where status in ('waiting', 'sent');
create index ix_mint_jobs_status on tickets.mint_jobs (tenant_id, status, created_at, id);

create policy tenant on tickets.mint_jobs using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy audit on tickets.mint_jobs for select to admitone_audit using (true);
create policy worker on tickets.mint_jobs for select to admitone_worker using (true);
alter table tickets.mint_jobs enable row level security;
alter table tickets.mint_jobs force row level security;
grant select on tickets.mint_jobs to admitone_audit;
grant select, insert, update, delete on tickets.mint_jobs to admitone_tickets;

-- ---------------------------------------------------------------- work for all tenants

create policy worker on tickets.ticket_transfers for select to admitone_worker using (true);
grant select (tenant_id, id, status, expires_at) on tickets.ticket_transfers to admitone_worker;
grant select (tenant_id, id, status, next_attempt_at) on tickets.mint_jobs to admitone_worker;
grant create on schema tickets to admitone_worker;

create function tickets.expired_transfers(p_limit integer) returns table (tenant_id uuid, transfer_ids uuid[])
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    select due.tenant_id, array_agg(due.id order by due.id)
      from (select f.tenant_id, f.id from tickets.ticket_transfers f
             where f.status = 'offered' and f.expires_at <= statement_timestamp() order by f.expires_at limit p_limit) due
     group by due.tenant_id
$$;

create function tickets.tenants_with_mint_jobs_due(p_limit integer) returns table (tenant_id uuid)
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    select distinct due.tenant_id
      from (select j.tenant_id from tickets.mint_jobs j
             where j.status in ('waiting', 'sent') and j.next_attempt_at <= statement_timestamp() order by j.next_attempt_at limit p_limit) due
$$;

create function tickets.tenant_of_mint_job(p_job_id uuid) returns uuid
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select t.id from platform.tenants t where exists (select from tickets.mint_jobs j where j.tenant_id = t.id and j.id = p_job_id) $$;
comment on function tickets.tenant_of_mint_job is 'By the primary key of each tenant: a webhook says which job, not whose.';

alter function tickets.expired_transfers(integer) owner to admitone_worker;
alter function tickets.tenants_with_mint_jobs_due(integer) owner to admitone_worker;
alter function tickets.tenant_of_mint_job(uuid) owner to admitone_worker;
revoke create on schema tickets from admitone_worker;

set local role admitone_worker;
revoke all on function tickets.expired_transfers(integer), tickets.tenants_with_mint_jobs_due(integer), tickets.tenant_of_mint_job(uuid) from public;
grant execute on function tickets.expired_transfers(integer), tickets.tenants_with_mint_jobs_due(integer), tickets.tenant_of_mint_job(uuid) to admitone_tickets;
set local role admitone_owner;
