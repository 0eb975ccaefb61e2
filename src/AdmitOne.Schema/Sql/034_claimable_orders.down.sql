-- no transaction
drop index concurrently if exists tickets.ix_orders_claimable;
