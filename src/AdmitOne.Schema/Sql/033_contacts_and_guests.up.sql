-- Whom an order's messages go to, a name for each ticket, and purchases of people without a sign-in.
set local lock_timeout = '2s';

alter table tickets.orders
    add column contact_email text, add column buyer_name text, add column language text, add column is_guest boolean not null default false,
    add constraint orders_contact_email_length check (length(contact_email) between 3 and 320) not valid,
    add constraint orders_buyer_name_length check (length(buyer_name) between 1 and 200) not valid,
    add constraint orders_language_tag check (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$' and length(language) <= 35) not valid,
    add constraint orders_guest_has_contact check (not is_guest or contact_email is not null) not valid;
comment on column tickets.orders.contact_email is 'Where the order''s messages go, as it was given with the payment, in the spelling by which addresses are compared. It is not verified.';
comment on column tickets.orders.buyer_name is 'As it was given with the payment.';
comment on column tickets.orders.language is 'The buyer''s language, a tag of BCP 47 such as nl or pt-BR; null: the organiser''s.';
comment on column tickets.orders.is_guest is 'Its owner bought without a sign-in. The first verified sign-in with contact_email may claim it.';

alter table tickets.tickets
    add column attendee_name text, add column attendee_email text,
    add constraint tickets_attendee_name_length check (length(attendee_name) between 1 and 200) not valid,
    add constraint tickets_attendee_email_length check (length(attendee_email) between 3 and 320) not valid;
comment on column tickets.tickets.attendee_name is 'Who comes with it, if its holder has said so.';
comment on column tickets.tickets.attendee_email is 'Of who comes with it, if its holder has said so. It is not verified.';

alter table events.events
    add column buyer_policy text not null default 'anyone' constraint events_buyer_policy_known check (buyer_policy in ('anyone', 'account', 'verified_email'));
comment on column events.events.buyer_policy is 'Who may buy: anyone; account, a person who has signed in; verified_email, a person who has signed in with a verified address.';

create or replace view events.sale_window with (security_barrier) as
    select e.tenant_id, e.id as event_id, e.slug, e.name, e.status, e.visibility, e.time_zone, e.venue_name,
           e.doors_at, e.starts_at, e.ends_at, e.sales_start_at, e.sales_end_at, e.check_in_from, e.check_in_until,
           e.refund_until_hours_before, e.refund_fee_percent, e.transfer_allowed, e.transfer_until_hours_before, e.code_policy, e.re_entry,
           (select coalesce(jsonb_object_agg(s.id, jsonb_build_object('name', s.name, 'capacity', s.capacity)), '{}')
              from events.sections s where s.tenant_id = e.tenant_id and s.event_id = e.id) as sections,
           e.refund_window_until, e.buyer_policy
      from events.events e
     where e.deleted_at is null;
