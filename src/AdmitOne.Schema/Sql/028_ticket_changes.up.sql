-- What became of each ticket and when: a scan that was made without a network is judged by the time at which it was made.
set local lock_timeout = '2s';

create table tickets.ticket_changes (
    tenant_id     uuid        not null,
    ticket_id     uuid        not null,
    event_id      uuid        not null,
    at            timestamptz not null,
    status        text        not null,
    owner_version smallint    not null,
    constraint ticket_changes_pkey primary key (tenant_id, ticket_id, at)
);
alter table tickets.ticket_changes alter column tenant_id set (n_distinct = 1);
comment on table tickets.ticket_changes is 'Status and owner of a ticket from each time on; before the first it was issued, to its first owner. Written by a trigger of the ticket.';
create index ix_ticket_changes_event on tickets.ticket_changes (tenant_id, event_id);
comment on index tickets.ix_ticket_changes_event is 'The changed tickets of an event, for the list of conflicts at its door.';
alter table tickets.ticket_changes add constraint ticket_changes_ticket_id_fkey foreign key (tenant_id, ticket_id) references tickets.tickets (tenant_id, id) on delete cascade;

create policy tenant on tickets.ticket_changes using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))
    with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));
create policy audit on tickets.ticket_changes for select to admitone_audit using (true);
create policy erasure on tickets.ticket_changes for delete to admitone_worker
    using (exists (select from platform.tenants d where d.id = tenant_id and d.status = 'deleting'));
create policy erasure_sees on tickets.ticket_changes for select to admitone_worker
    using (exists (select from platform.tenants d where d.id = tenant_id and d.status = 'deleting'));
alter table tickets.ticket_changes enable row level security;
alter table tickets.ticket_changes force row level security;
grant select (tenant_id, ticket_id, at), delete on tickets.ticket_changes to admitone_worker;
grant select on tickets.ticket_changes to admitone_audit;
grant select, insert, update, delete on tickets.ticket_changes to admitone_tickets;

-- Whoever changes a ticket and wherever, the ticket's own row writes it down, in the same transaction and under the ticket's lock.
create function tickets.keep_ticket_change() returns trigger
    language plpgsql set search_path = pg_catalog, pg_temp as
$$
begin
    insert into tickets.ticket_changes (tenant_id, ticket_id, event_id, at, status, owner_version)
    values (new.tenant_id, new.id, new.event_id, clock_timestamp(), new.status, new.owner_version)
    on conflict (tenant_id, ticket_id, at) do update set status = excluded.status, owner_version = excluded.owner_version;
    return null;
end
$$;
create trigger tickets_keep_changes after update of status, owner_version on tickets.tickets
    for each row when (old.status <> new.status or old.owner_version <> new.owner_version) execute function tickets.keep_ticket_change();

-- An id that a scanner gave two codes is refused for the second.
alter table tickets.offline_scans add column code_hash bytea not null default '' constraint offline_scans_code_hash_length check (length(code_hash) in (0, 32));
comment on column tickets.offline_scans.code_hash is 'SHA-256 of the code; empty if it was uploaded to an earlier version.';
comment on column tickets.offline_scans.device_id is 'The registered scanner, or the person who uploaded it.';

-- A scan that let somebody in and does not count is listed too, with no other beside it.
alter table tickets.scan_conflicts alter column first_id drop not null;
comment on column tickets.scan_conflicts.first_id is 'Null: the second was refused when it was uploaded.';

-- Since when an event has been cancelled or postponed.
create view events.status_changes with (security_barrier) as select tenant_id, event_id, from_status, to_status, at from events.event_transitions;
comment on view events.status_changes is 'The moves of an event, for the door.';
grant select on events.status_changes to admitone_tickets, admitone_audit;
