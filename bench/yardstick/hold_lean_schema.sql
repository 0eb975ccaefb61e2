-- The leanest tables that can hold a ticket: a primary key and two indexes, no foreign keys, no checks, no row-level security.
create table types (id integer primary key, available integer not null) with (fillfactor = 10);
insert into types select generate_series(1, 20), 2000000000;

create table holds (
    id         bigint generated always as identity primary key,
    type_id    integer     not null,
    user_id    integer     not null,
    quantity   integer     not null,
    status     text        not null default 'held',
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
);
create index on holds (user_id);
create index on holds (expires_at);
