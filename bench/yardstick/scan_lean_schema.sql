-- The leanest tables that can admit a ticket once: a primary key each, and an index to find a ticket's scans; no foreign keys, no checks.
create table admitted (id integer primary key, admitted_at timestamptz);
insert into admitted (id) select generate_series(1, 2000000);

create table scans (
    id         bigint generated always as identity primary key,
    ticket_id  integer     not null,
    gate       text        not null,
    staff      integer     not null,
    result     text        not null,
    scanned_at timestamptz not null default now()
);
create index on scans (ticket_id);
analyze admitted;
