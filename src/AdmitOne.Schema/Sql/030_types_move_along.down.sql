set local lock_timeout = '2s';

set local role admitone_worker;
drop function tickets.move_types(uuid, uuid[], text[], timestamptz[]);
drop function tickets.times_of_types(uuid);
set local role admitone_owner;
revoke select (name, sales_start_at, sales_end_at, price_rules, version),
    update (sales_start_at, sales_end_at, price_rules, version, updated_at) on tickets.ticket_types from admitone_worker;
