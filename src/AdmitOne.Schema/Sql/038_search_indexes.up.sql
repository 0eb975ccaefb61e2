-- no transaction
-- The expressions are those of tickets.search_orders and tickets.search_tickets.
create index concurrently if not exists ix_orders_search on tickets.orders
    using gin (platform.search_text(order_number || ' ' || coalesce(buyer_name, '') || ' ' || coalesce(contact_email, '')) public.gin_trgm_ops);
create index concurrently if not exists ix_tickets_search on tickets.tickets
    using gin (platform.search_text(coalesce(attendee_name, '') || ' ' || coalesce(attendee_email, '')) public.gin_trgm_ops)
    where attendee_name is not null or attendee_email is not null;
create index concurrently if not exists ix_users_search on platform.users
    using gin (platform.search_text(coalesce(name, '') || ' ' || coalesce(email, '')) public.gin_trgm_ops);
comment on index tickets.ix_orders_search is 'Staff search orders and tickets by a part of the number, the buyer''s name or the address.';
comment on index tickets.ix_tickets_search is 'Staff search orders and tickets by a part of an attendee''s name or address.';
comment on index platform.ix_users_search is 'Staff search orders and tickets by a part of a holder''s name or address.';
-- How often a part occurs is counted now: the first search is planned well.
analyze tickets.orders;
analyze tickets.tickets;
analyze platform.users;
