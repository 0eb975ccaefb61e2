-- What editing an event needs: its schedule, its words, and a look at what of it is held and sold.
set local lock_timeout = '2s';

alter table events.events add column venue_address text constraint events_venue_address_length check (length(venue_address) <= 500);
alter table events.events add column promised_starts_at timestamptz;
comment on column events.events.promised_starts_at is
    'The start that ticket holders were promised, since it moved by too little to open a refund window; null while that is starts_at.';
alter table events.categories add column version integer not null default 1;

create table events.schedule_entries (
    tenant_id   uuid        not null,
    id          uuid        not null,
    event_id    uuid        not null,
    name        text        constraint schedule_entries_name_length check (length(name) between 1 and 100),
    doors_at    timestamptz not null,
    starts_at   timestamptz not null,
    ends_at     timestamptz not null,
    version     integer     not null default 1,
    created_at  timestamptz not null default clock_timestamp(),
    updated_at  timestamptz not null default clock_timestamp(),
    constraint schedule_entries_pkey primary key (tenant_id, id),
    constraint schedule_entries_event_id_fkey foreign key (tenant_id, event_id) references events.events (tenant_id, id) on delete cascade,
    constraint schedule_entries_start_before_they_end check (starts_at < ends_at),
    constraint schedule_entries_doors_open_before_start check (doors_at <= starts_at)
);
create index ix_schedule_entries_event on events.schedule_entries (tenant_id, event_id, starts_at, id);

create policy tenant on events.schedule_entries
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy audit on events.schedule_entries for select to admitone_audit using (true);
alter table events.schedule_entries enable row level security;
alter table events.schedule_entries force row level security;
grant select, insert, update, delete on events.schedule_entries to admitone_events;
grant select on events.schedule_entries to admitone_audit;

-- ---------------------------------------------------------------- words: kept by the table itself, so that no writer can forget them

create function events.fold(p_text text) returns text
    language sql immutable parallel safe set search_path = pg_catalog, pg_temp as
$$ select lower(regexp_replace(normalize(p_text, NFKD), '[\u0300-\u036f]', '', 'g')) $$;
comment on function events.fold is 'Letters without their marks, in lower case: who types cafe finds the Café.';

-- 'simple' knows no language: names are searched as they are written, in whatever language that is.
create function events.keep_search() returns trigger
    language plpgsql set search_path = pg_catalog, pg_temp as
$$
begin
    new.search := setweight(to_tsvector('simple', events.fold(new.name)), 'A')
        || setweight(to_tsvector('simple', events.fold(concat_ws(' ', new.category_slug, array_to_string(new.tags, ' ')))), 'B')
        || setweight(to_tsvector('simple', events.fold(new.venue_name)), 'C')
        || setweight(to_tsvector('simple', events.fold(new.description)), 'D');
    return new;
end
$$;
create trigger events_keep_search before insert or update of name, category_slug, tags, venue_name, description on events.events
    for each row execute function events.keep_search();

alter table events.events no force row level security;
update events.events set name = name;
alter table events.events force row level security;

-- ---------------------------------------------------------------- narrow functions

create policy worker on events.events for select to admitone_worker using (true);
create policy worker on tickets.stock for select to admitone_worker using (true);
create policy worker on tickets.orders for select to admitone_worker using (true);
grant select (tenant_id, id, visibility, status, search, deleted_at) on events.events to admitone_worker;
grant select (event_id, deleted_at) on tickets.ticket_types to admitone_worker;
grant select (tenant_id, ticket_type_id, quantity, held, sold) on tickets.stock to admitone_worker;
grant select (tenant_id, event_id, status) on tickets.orders to admitone_worker;
grant create on schema events, tickets to admitone_worker;

-- Row-level security keeps @@ (which is not leakproof) away from the index, and reads every event instead. Here the same is asked without
-- it, of events that the transaction may list: everybody's public ones and its own tenant's.
create function events.events_with_words(p_words text) returns table (id uuid, rank float8)
    language sql stable rows 100 security definer set search_path = pg_catalog, pg_temp as
$$
    select e.id, ts_rank(e.search, asked.words)::float8
      from (select websearch_to_tsquery('simple', events.fold(p_words)) as words) asked
      join events.events e on e.search @@ asked.words
     where e.deleted_at is null
       and (e.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid
            or (current_setting('app.scope', true) = 'catalogue' and e.visibility = 'public' and e.status not in ('draft', 'review', 'approved')))
$$;

-- Types that were removed count with what they have held and sold, and with nothing else.
create function tickets.event_stock(p_tenant_id uuid, p_event_id uuid) returns table (types integer, quantity integer, held integer, sold integer)
    language sql stable rows 1 security definer set search_path = pg_catalog, pg_temp as
$$
    select count(*) filter (where t.deleted_at is null)::integer,
           coalesce(sum(s.quantity) filter (where t.deleted_at is null), 0)::integer,
           coalesce(sum(s.held), 0)::integer, coalesce(sum(s.sold), 0)::integer
      from tickets.ticket_types t
      join tickets.stock s on s.tenant_id = t.tenant_id and s.ticket_type_id = t.id
     where t.tenant_id = p_tenant_id and t.event_id = p_event_id
$$;

create function tickets.event_has_orders(p_tenant_id uuid, p_event_id uuid) returns boolean
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select exists (select from tickets.orders o
                    where o.tenant_id = p_tenant_id and o.event_id = p_event_id and o.status not in ('payment_failed', 'expired'))
$$;

alter function events.events_with_words(text) owner to admitone_worker;
alter function tickets.event_stock(uuid, uuid) owner to admitone_worker;
alter function tickets.event_has_orders(uuid, uuid) owner to admitone_worker;
revoke create on schema events, tickets from admitone_worker;

set local role admitone_worker;
revoke all on function events.events_with_words(text) from public;
revoke all on function tickets.event_stock(uuid, uuid), tickets.event_has_orders(uuid, uuid) from public;
grant execute on function events.events_with_words(text) to admitone_events;
grant execute on function tickets.event_stock(uuid, uuid), tickets.event_has_orders(uuid, uuid) to admitone_events;
set local role admitone_owner;
