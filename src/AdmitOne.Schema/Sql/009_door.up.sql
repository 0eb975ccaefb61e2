-- The door: scanners with a credential of their own, what was scanned without a network, and texts that were no code.
set local lock_timeout = '2s';

create table tickets.devices (
    tenant_id             uuid        not null,
    id                    uuid        not null,
    name                  text        not null constraint devices_name_length check (length(name) between 1 and 100),
    event_id              uuid,
    gates                 text[]      not null default '{}' constraint devices_gates_count check (cardinality(gates) <= 50),
    activation_hash       bytea       constraint devices_activation_sha256 check (length(activation_hash) = 32),
    activation_expires_at timestamptz,
    secret_hash           bytea       constraint devices_secret_sha256 check (length(secret_hash) = 32),
    app_version           text        constraint devices_app_version_length check (length(app_version) <= 50),
    created_by            uuid,
    created_at            timestamptz not null default clock_timestamp(),
    activated_at          timestamptz,
    last_seen_at          timestamptz,
    revoked_at            timestamptz,
    constraint devices_pkey primary key (tenant_id, id),
    constraint devices_id_key unique (id),
    constraint devices_activation_ends check ((activation_hash is null) = (activation_expires_at is null))
);
comment on table tickets.devices is 'Scanners. Only hashes of the one-time code and of the credential are kept; no event means any of the tenant''s, no gates mean all.';
create unique index ix_devices_activation on tickets.devices (activation_hash) where activation_hash is not null;

-- What a device uploaded, by the id it gave the scan: a repeated one is answered with its first outcome.
create table tickets.offline_scans (
    tenant_id     uuid        not null,
    event_id      uuid        not null,
    device_id     uuid        not null,
    scan_id       text        not null constraint offline_scans_id_length check (length(scan_id) between 1 and 100),
    outcome       text        not null constraint offline_scans_outcome_known check (outcome in ('accepted', 'duplicate', 'conflict', 'refused')),
    reason        text        not null,
    received_at   timestamptz not null default clock_timestamp(),
    constraint offline_scans_pkey primary key (tenant_id, event_id, device_id, scan_id)
);
comment on column tickets.offline_scans.device_id is 'All zeros for a scanner that is not registered.';

-- Two gates let one ticket in, each without knowing of the other. `second` is the later of the two by the time it was scanned.
create table tickets.scan_conflicts (
    tenant_id  uuid        not null,
    second_id  uuid        not null,
    first_id   uuid        not null,
    event_id   uuid        not null,
    ticket_id  uuid        not null,
    scanned_at timestamptz not null,
    constraint scan_conflicts_pkey primary key (tenant_id, second_id)
);
create index ix_scan_conflicts_event on tickets.scan_conflicts (tenant_id, event_id, scanned_at, second_id);
create index ix_scan_conflicts_ticket on tickets.scan_conflicts (tenant_id, ticket_id);

-- Texts that were no code of ours: a number for each minute, and never the text.
create table tickets.unreadable_scans (
    tenant_id uuid        not null,
    event_id  uuid        not null,
    minute    timestamptz not null,
    gate      text        not null default '',
    device_id uuid        not null,
    texts     integer     not null constraint unreadable_scans_positive check (texts > 0),
    constraint unreadable_scans_pkey primary key (tenant_id, event_id, minute, gate, device_id)
);

alter table tickets.devices add constraint devices_tenant_id_fkey foreign key (tenant_id) references platform.tenants (id) on delete cascade;
alter table tickets.devices add constraint devices_event_id_fkey foreign key (tenant_id, event_id) references events.events (tenant_id, id) on delete cascade;
alter table tickets.offline_scans add constraint offline_scans_tenant_id_fkey foreign key (tenant_id) references platform.tenants (id) on delete cascade;
alter table tickets.scan_conflicts add constraint scan_conflicts_ticket_id_fkey foreign key (tenant_id, ticket_id) references tickets.tickets (tenant_id, id) on delete cascade;
alter table tickets.unreadable_scans add constraint unreadable_scans_tenant_id_fkey foreign key (tenant_id) references platform.tenants (id) on delete cascade;

-- What the door's numbers are counted from, so that they need no other table; and the newest step of a rotating code that let in.
alter table tickets.admissions add column gate text, add column last_step bigint;
alter table tickets.admissions no force row level security;
alter table tickets.ticket_validations no force row level security;
update tickets.admissions a set gate = v.gate from tickets.ticket_validations v where v.tenant_id = a.tenant_id and v.id = a.validation_id and v.gate is not null;
alter table tickets.ticket_validations force row level security;
alter table tickets.admissions force row level security;

-- Let in offline, and beaten by an earlier scan. Whatever stands there already has one of the two older words.
alter table tickets.ticket_validations drop constraint ticket_validations_result_known;
alter table tickets.ticket_validations add constraint ticket_validations_result_known check (result in ('admitted', 'refused', 'conflict')) not valid;

do $$
declare
    t text;
    tenant constant text := 'nullif(current_setting(''app.tenant_id'', true), '''')::uuid';
begin
    foreach t in array array['tickets.devices', 'tickets.offline_scans', 'tickets.scan_conflicts', 'tickets.unreadable_scans'] loop
        execute format('create policy tenant on %s using (tenant_id = %s) with check (tenant_id = %s)', t, tenant, tenant);
        execute format('create policy audit on %s for select to admitone_audit using (true)', t);
        execute format('alter table %s enable row level security', t);
        execute format('alter table %s force row level security', t);
        execute format('grant select on %s to admitone_audit', t);
        execute format('grant select, insert, update, delete on %s to admitone_tickets', t);
    end loop;
end
$$;

-- A credential names its device and nothing else: whose it is, is asked before there is a tenant.
create policy worker on tickets.devices for select to admitone_worker using (true);
grant select (tenant_id, id, activation_hash) on tickets.devices to admitone_worker;
grant create on schema tickets to admitone_worker;

create function tickets.tenant_of_device(p_device_id uuid) returns uuid
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select tenant_id from tickets.devices where id = p_device_id $$;

create function tickets.device_of_activation(p_hash bytea) returns table (tenant_id uuid, device_id uuid)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select d.tenant_id, d.id from tickets.devices d where d.activation_hash = p_hash $$;

alter function tickets.tenant_of_device(uuid) owner to admitone_worker;
alter function tickets.device_of_activation(bytea) owner to admitone_worker;
revoke create on schema tickets from admitone_worker;

set local role admitone_worker;
revoke all on function tickets.tenant_of_device(uuid), tickets.device_of_activation(bytea) from public;
grant execute on function tickets.tenant_of_device(uuid), tickets.device_of_activation(bytea) to admitone_tickets;
set local role admitone_owner;
