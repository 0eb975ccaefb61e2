-- no transaction
-- Orders that were bought without a sign-in, by the address that may claim them.
create index concurrently if not exists ix_orders_claimable on tickets.orders (tenant_id, contact_email) where is_guest;
comment on index tickets.ix_orders_claimable is 'A verified sign-in claims the orders that its address bought without one.';
alter table tickets.orders validate constraint orders_contact_email_length;
alter table tickets.orders validate constraint orders_buyer_name_length;
alter table tickets.orders validate constraint orders_language_tag;
alter table tickets.orders validate constraint orders_guest_has_contact;
alter table tickets.tickets validate constraint tickets_attendee_name_length;
alter table tickets.tickets validate constraint tickets_attendee_email_length;
