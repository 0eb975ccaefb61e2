set local lock_timeout = '2s';

set local role admitone_worker;
drop function tickets.event_has_orders(uuid, uuid);
drop function tickets.event_stock(uuid, uuid);
drop function events.events_with_words(text);
set local role admitone_owner;
drop policy worker on tickets.orders;
drop policy worker on tickets.stock;
drop policy worker on events.events;
revoke select (tenant_id, event_id, status) on tickets.orders from admitone_worker;
revoke select (tenant_id, ticket_type_id, quantity, held, sold) on tickets.stock from admitone_worker;
revoke select (event_id, deleted_at) on tickets.ticket_types from admitone_worker;
revoke select (tenant_id, id, visibility, status, search, deleted_at) on events.events from admitone_worker;

-- The words stay as they are: the version before writes its own.
drop trigger events_keep_search on events.events;
drop function events.keep_search();
drop function events.fold(text);

drop table events.schedule_entries;
alter table events.categories drop column version;
alter table events.events drop column promised_starts_at, drop column venue_address;
