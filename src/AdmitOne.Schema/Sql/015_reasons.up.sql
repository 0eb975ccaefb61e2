-- Why each index is there that no access path of docs/data-model.md speaks for, said where the index is. And what a backup reads as the auditor,
-- who sees every row but saw not where a numbered column has got to.
set local lock_timeout = '2s';

grant select on all sequences in schema platform, events, tickets to admitone_audit;

comment on index platform.ix_idempotency_keys_running is 'Whoever settles an order finds the requests that wait for it.';
comment on index platform.ix_idempotency_keys_created is 'Kept answers are removed by age.';
comment on index platform.ix_audit_log_newest is 'An organiser''s audit log, newest first.';
comment on index platform.ix_audit_log_resource is 'What was done to one thing, newest first.';
comment on index events.ix_events_slug is 'The public address of an event, once for each organiser.';
comment on index events.ix_events_starts is 'The public list by date, of all organisers.';
comment on index events.ix_events_created is 'The public list, newest first.';
comment on index events.ix_events_venue is 'What is on at a venue.';
comment on index events.ix_events_tenant_starts is 'An organiser''s own events by date.';
comment on index events.ix_events_search is 'Words of the search.';
comment on index events.ix_events_clock is 'Events that the clock must look at next.';
comment on index events.ix_event_transitions_event is 'The moves of an event in order.';
comment on index events.ix_schedule_entries_event is 'The schedule of an event in order.';
comment on index tickets.ix_payments_unsettled is 'Payments that nobody has settled, by when to ask again.';
comment on index tickets.ix_refunds_order is 'The refunds of an order.';
comment on index tickets.ix_refunds_unsent is 'Refunds whose money has not gone, by when to try again.';
comment on index tickets.ix_orders_number is 'The number that people say, once for each organiser.';
comment on index tickets.ix_ticket_transfers_one_offer is 'A ticket is offered to one at a time.';
comment on index tickets.ix_ticket_transfers_recipient is 'Offers to an address, newest first.';
comment on index tickets.ix_ticket_transfers_offered_expiry is 'Open offers by when they end.';
comment on index tickets.ix_cancellations_due is 'Cancelled events with work left, by when to go on.';
comment on index tickets.ix_discounts_code is 'A code as it is typed, once for each organiser.';
comment on index tickets.ix_discount_redemptions_customer is 'How often a customer has used a discount.';
comment on index tickets.ix_devices_activation is 'The scanner that a one-time code is for.';
comment on index tickets.ix_scan_conflicts_event is 'Conflicts of an event in order.';
comment on index tickets.ix_scan_conflicts_ticket is 'Conflicts of a ticket.';
comment on index tickets.ix_mint_jobs_due is 'Minting that waits, by when to go on.';
comment on index tickets.ix_mint_jobs_status is 'Minting by state, in order.';
comment on index tickets.ix_webhook_deliveries_waiting is 'The line at each endpoint.';
