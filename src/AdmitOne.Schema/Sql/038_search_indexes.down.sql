-- no transaction
drop index concurrently if exists platform.ix_users_search;
drop index concurrently if exists tickets.ix_tickets_search;
drop index concurrently if exists tickets.ix_orders_search;
