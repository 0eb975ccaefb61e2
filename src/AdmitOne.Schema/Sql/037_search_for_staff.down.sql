set local lock_timeout = '2s';

set local role admitone_worker;
drop function tickets.search_orders(text[], uuid, uuid, text, timestamptz, uuid, integer);
drop function tickets.search_tickets(text[], uuid, uuid, uuid, text, boolean, uuid, integer);
set local role admitone_owner;
revoke select (event_id, attendee_name, attendee_email, status) on tickets.tickets from admitone_worker;
revoke select (order_number, user_id, created_at, contact_email, buyer_name) on tickets.orders from admitone_worker;
revoke select (email, name) on platform.users from admitone_worker;
drop policy worker on platform.users;
drop function platform.search_patterns(text[]);
drop function platform.search_text(text);

-- It stays where a DBA made it.
do $$ begin
    if exists (select from pg_extension where extname = 'pg_trgm' and extowner = current_user::regrole) then drop extension pg_trgm; end if;
end $$;
