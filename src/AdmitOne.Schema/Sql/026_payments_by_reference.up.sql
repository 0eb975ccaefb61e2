-- no transaction
-- An event of Stripe's about a refund or a dispute names the payment, and nothing else of ours.
create index concurrently if not exists ix_payments_stripe_reference on tickets.payments (provider_reference) where method = 'stripe';
comment on index tickets.ix_payments_stripe_reference is 'Events of Stripe''s name the payment by its reference.';

-- A refund made in Stripe's dashboard is booked once.
create unique index concurrently if not exists ix_refunds_booked_once on tickets.refunds (tenant_id, provider_reference) where from_provider;
comment on index tickets.ix_refunds_booked_once is 'A refund that was made in the provider''s dashboard is booked once.';
