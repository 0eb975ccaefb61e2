-- One purchase of one ticket as it is written at first: in one transaction, the rows that the product leaves behind, in the product's own
-- tables, as the service's role, with the tenant set for the session. The provider is not asked and the hold is written as completed, which
-- saves this yardstick the product's first transaction.
-- Given: base, event, section, type. Ids are counted up, so that the indexes grow at their end, as the product's do.
\set n :n + 1
\set id (:base * 1024 + :client_id) * 4294967296 + :n
\set user random(0, 19999)
begin;
insert into platform.idempotency_keys (tenant_id, user_id, route, key, fingerprint, status, resource_id, response_status, response_body)
values (current_setting('app.tenant_id')::uuid, ('00000000-0000-7000-9000-' || lpad(to_hex(:user::bigint), 12, '0'))::uuid, 'POST /api/v1/purchases', 'yardstick-' || :id::text,
        '\x0000000000000000000000000000000000000000000000000000000000000000', 'done', ('00000000-0000-7000-a000-' || lpad(to_hex(:id::bigint), 12, '0'))::uuid, 201, repeat('x', 400));
update tickets.section_stock set sold = sold + 1 where tenant_id = current_setting('app.tenant_id')::uuid and section_id = :section and held + sold < capacity;
update tickets.stock set sold = sold + 1 where tenant_id = current_setting('app.tenant_id')::uuid and ticket_type_id = :type and held + sold < quantity;
insert into tickets.reservations (tenant_id, id, hold_id, event_id, ticket_type_id, user_id, quantity, unit_price_minor, currency, status, order_id, expires_at)
values (current_setting('app.tenant_id')::uuid, ('00000000-0000-7000-a000-' || lpad(to_hex(:id::bigint), 12, '0'))::uuid, ('00000000-0000-7000-a000-' || lpad(to_hex(:id::bigint), 12, '0'))::uuid, :event, :type,
        ('00000000-0000-7000-9000-' || lpad(to_hex(:user::bigint), 12, '0'))::uuid, 1, 2500, 'EUR', 'completed', ('00000000-0000-7000-a000-' || lpad(to_hex(:id::bigint), 12, '0'))::uuid, now() + interval '10 minutes');
insert into tickets.orders (tenant_id, id, order_number, event_id, user_id, hold_id, status, total_minor, currency, payment_reference)
values (current_setting('app.tenant_id')::uuid, ('00000000-0000-7000-a000-' || lpad(to_hex(:id::bigint), 12, '0'))::uuid, 'Y' || :id::text, :event,
        ('00000000-0000-7000-9000-' || lpad(to_hex(:user::bigint), 12, '0'))::uuid, ('00000000-0000-7000-a000-' || lpad(to_hex(:id::bigint), 12, '0'))::uuid, 'paid', 2500, 'EUR', 'yardstick-' || :id::text);
insert into tickets.order_items (tenant_id, order_id, line, ticket_type_id, quantity, unit_price_minor, total_minor)
values (current_setting('app.tenant_id')::uuid, ('00000000-0000-7000-a000-' || lpad(to_hex(:id::bigint), 12, '0'))::uuid, 1, :type, 1, 2500, 2500);
insert into tickets.payments (tenant_id, id, order_id, method, token, status, amount_minor, currency, provider_reference, hold_expires_at, next_check_at)
values (current_setting('app.tenant_id')::uuid, ('00000000-0000-7000-a000-' || lpad(to_hex(:id::bigint), 12, '0'))::uuid, ('00000000-0000-7000-a000-' || lpad(to_hex(:id::bigint), 12, '0'))::uuid, 'test', 'tok_ok', 'succeeded',
        2500, 'EUR', 'yardstick-' || :id::text, now() + interval '10 minutes', now());
insert into tickets.tickets (tenant_id, id, event_id, ticket_type_id, section_id, order_id, reservation_id, user_id, status, face_value_minor, paid_minor, currency)
values (current_setting('app.tenant_id')::uuid, ('00000000-0000-7000-a000-' || lpad(to_hex(:id::bigint), 12, '0'))::uuid, :event, :type, :section, ('00000000-0000-7000-a000-' || lpad(to_hex(:id::bigint), 12, '0'))::uuid,
        ('00000000-0000-7000-a000-' || lpad(to_hex(:id::bigint), 12, '0'))::uuid, ('00000000-0000-7000-9000-' || lpad(to_hex(:user::bigint), 12, '0'))::uuid, 'issued', 2500, 2500, 'EUR');
insert into platform.outbox (tenant_id, id, type, resource_id, data)
values (current_setting('app.tenant_id')::uuid, ('00000000-0000-7000-a000-' || lpad(to_hex(:id::bigint), 12, '0'))::uuid, 'order.paid', ('00000000-0000-7000-a000-' || lpad(to_hex(:id::bigint), 12, '0'))::uuid,
        '{"orderId": "00000000-0000-7000-a000-000000000000", "eventId": "00000000-0000-7000-a000-000000000000", "tickets": 1, "totalMinor": 2500, "currency": "EUR"}');
commit;
