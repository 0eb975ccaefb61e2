-- Orders keep their tickets' lines, total and payment; what was added to or taken off them is no longer told apart.
set local lock_timeout = '2s';

alter table tickets.tickets drop column paid_minor;
alter table tickets.order_items no force row level security;
delete from tickets.order_items where kind <> 'ticket';
alter table tickets.order_items force row level security;
alter table tickets.order_items
    drop constraint order_items_total_adds_up,
    drop column kind, drop column label, drop column noted_minor,
    add constraint order_items_total_adds_up check (total_minor = quantity * unit_price_minor);
alter table tickets.orders drop column discount_ids;
alter table tickets.reservations drop column priced;
drop table tickets.discount_redemptions, tickets.discounts;
alter table tickets.ticket_types drop column price_rules, drop column fees, drop column tax;
