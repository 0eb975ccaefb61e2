-- no transaction
-- Built beside a running sale. Every query carries the tenant, so one index serves several of the checklist's 42 access paths.

create index concurrently if not exists ix_ticket_types_event on tickets.ticket_types (tenant_id, event_id) where deleted_at is null;

create index concurrently if not exists ix_reservations_user on tickets.reservations (tenant_id, user_id, created_at);
create index concurrently if not exists ix_reservations_held_by_type on tickets.reservations (tenant_id, ticket_type_id, expires_at) where status = 'held';
create index concurrently if not exists ix_reservations_held_expiry on tickets.reservations (expires_at) where status = 'held';
create index concurrently if not exists ix_reservations_created on tickets.reservations using brin (created_at);

create index concurrently if not exists ix_tickets_user on tickets.tickets (tenant_id, user_id, created_at);
create index concurrently if not exists ix_tickets_type on tickets.tickets (tenant_id, ticket_type_id, user_id);
create index concurrently if not exists ix_tickets_order on tickets.tickets (tenant_id, order_id);
create index concurrently if not exists ix_tickets_nft on tickets.tickets (tenant_id, nft_token_id) where nft_token_id is not null;
create index concurrently if not exists ix_tickets_created on tickets.tickets using brin (created_at);

create index concurrently if not exists ix_ticket_transfers_ticket on tickets.ticket_transfers (tenant_id, ticket_id, status);
create unique index concurrently if not exists ix_ticket_transfers_one_offer on tickets.ticket_transfers (tenant_id, ticket_id) where status = 'offered';
create index concurrently if not exists ix_ticket_transfers_from on tickets.ticket_transfers (tenant_id, from_user_id, created_at);
create index concurrently if not exists ix_ticket_transfers_to on tickets.ticket_transfers (tenant_id, to_user_id, created_at);
create index concurrently if not exists ix_ticket_transfers_status on tickets.ticket_transfers (tenant_id, status, created_at);

create index concurrently if not exists ix_ticket_validations_ticket on tickets.ticket_validations (tenant_id, ticket_id, scanned_at);
create index concurrently if not exists ix_ticket_validations_staff on tickets.ticket_validations (tenant_id, validated_by, scanned_at);
create index concurrently if not exists ix_ticket_validations_received on tickets.ticket_validations using brin (received_at);
create index concurrently if not exists ix_admissions_event on tickets.admissions (tenant_id, event_id, admitted_at);

create index concurrently if not exists ix_orders_user on tickets.orders (tenant_id, user_id, created_at);
create index concurrently if not exists ix_orders_event on tickets.orders (tenant_id, event_id, created_at);
create unique index concurrently if not exists ix_orders_number on tickets.orders (tenant_id, order_number);
create index concurrently if not exists ix_orders_payment_reference on tickets.orders (tenant_id, payment_reference) where payment_reference is not null;
create index concurrently if not exists ix_orders_pending on tickets.orders (status, created_at) where status = 'payment_pending';
create index concurrently if not exists ix_orders_updated on tickets.orders using brin (updated_at);
