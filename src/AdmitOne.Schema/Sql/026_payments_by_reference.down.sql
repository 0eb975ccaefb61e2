-- no transaction
drop index concurrently if exists tickets.ix_refunds_booked_once;
drop index concurrently if exists tickets.ix_payments_stripe_reference;
