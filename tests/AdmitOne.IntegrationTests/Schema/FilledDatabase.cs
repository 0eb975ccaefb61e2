using System.Globalization;

namespace AdmitOne.IntegrationTests.Schema;

/// <summary>Rows as a long season leaves them, written as SQL in one go: every order has its hold, payment and tickets, and the books are right.</summary>
internal static class FilledDatabase
{
    public const string Tenant = "00000000-0000-7000-8000-0000000000aa";
    private const int Types = 200;
    private const int Events = 100;

    /// <summary>The id of the row with this number of a kind.</summary>
    public static Guid Id(Kind kind, int number) => Guid.Parse(string.Create(CultureInfo.InvariantCulture, $"{(int)kind:x8}-0000-7000-8000-{number:x12}"));

    public enum Kind
    {
        Event = 1, Section, Type, User, Order, Payment, Ticket, Scan, Transfer,
    }

    /// <summary>
    /// The statements, in order, for any version from 001 on. Each order buys four tickets; a quarter of the tickets was let in, a twentieth given away.
    /// Replication's role skips the checks of foreign keys, which these rows pass.
    /// </summary>
    public static IEnumerable<string> Statements(int orders)
    {
        var (users, tickets) = (Math.Max(2, orders / 5), orders * 4);
        yield return "set session_replication_role = replica";
        yield return """
            create function pg_temp.k(kind integer, number bigint) returns uuid language sql immutable as
            $$ select (lpad(to_hex(kind), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(number), 12, '0'))::uuid $$
            """;
        yield return $"insert into platform.tenants (id, slug, name) values ('{Tenant}', 'season', 'A Long Season')";
        yield return $"insert into platform.users (tenant_id, id) select '{Tenant}', pg_temp.k({(int)Kind.User}, n) from generate_series(0, {users - 1}) n";
        yield return $"""
            insert into events.events (tenant_id, id, slug, name, venue_id, venue_name, venue_max_capacity, time_zone, doors_at, starts_at, ends_at, sales_start_at, sales_end_at,
                                       check_in_from, check_in_until, visibility, status, search)
            select '{Tenant}', pg_temp.k({(int)Kind.Event}, n), 'evening-' || n, 'Evening ' || n, pg_temp.k(0, 1), 'Hall', 1000000, 'UTC', now() + interval '1 day', now() + interval '1 day',
                   now() + interval '2 days', now() - interval '99 days', now() + interval '1 day', now(), now() + interval '2 days', 'public', 'on_sale', to_tsvector('simple', 'evening')
              from generate_series(0, {Events - 1}) n
            """;
        yield return $"insert into events.sections (tenant_id, id, event_id, name, code, capacity) select '{Tenant}', pg_temp.k({(int)Kind.Section}, n), pg_temp.k({(int)Kind.Event}, n), 'Floor', 'F', 1000000 from generate_series(0, {Events - 1}) n";
        yield return $"""
            insert into tickets.ticket_types (tenant_id, id, event_id, section_id, name, price_minor, currency)
            select '{Tenant}', pg_temp.k({(int)Kind.Type}, n), pg_temp.k({(int)Kind.Event}, n % {Events}), pg_temp.k({(int)Kind.Section}, n % {Events}), 'Type ' || n, 2500, 'EUR' from generate_series(0, {Types - 1}) n
            """;
        yield return $"""
            insert into tickets.stock (tenant_id, ticket_type_id, event_id, section_id, quantity, sold)
            select '{Tenant}', pg_temp.k({(int)Kind.Type}, n), pg_temp.k({(int)Kind.Event}, n % {Events}), pg_temp.k({(int)Kind.Section}, n % {Events}), 500000,
                   4 * ({orders} / {Types} + case when n < {orders} % {Types} then 1 else 0 end) from generate_series(0, {Types - 1}) n
            """;
        yield return $"insert into tickets.section_stock (tenant_id, section_id, event_id, capacity, sold) select '{Tenant}', section_id, event_id, 1000000, sum(sold) from tickets.stock where tenant_id = '{Tenant}' group by section_id, event_id";
        yield return $"""
            insert into tickets.reservations (tenant_id, id, hold_id, event_id, ticket_type_id, user_id, quantity, unit_price_minor, currency, status, order_id, created_at, expires_at)
            select '{Tenant}', pg_temp.k({(int)Kind.Order}, n * 64), pg_temp.k({(int)Kind.Order}, n * 64), pg_temp.k({(int)Kind.Event}, n % {Types} % {Events}), pg_temp.k({(int)Kind.Type}, n % {Types}),
                   pg_temp.k({(int)Kind.User}, n % {users}), 4, 2500, 'EUR', 'completed', pg_temp.k({(int)Kind.Order}, n), now() - ({orders} - n) * interval '10 seconds', now() - ({orders} - n) * interval '10 seconds'
              from generate_series(0, {orders - 1}) n
            """;
        yield return $"""
            insert into tickets.orders (tenant_id, id, order_number, event_id, user_id, hold_id, status, total_minor, currency, payment_reference, created_at, updated_at)
            select tenant_id, order_id, 'S-' || row_number() over (), event_id, user_id, hold_id, 'paid', 10000, 'EUR', 'ref-' || row_number() over (), created_at, created_at
              from tickets.reservations where tenant_id = '{Tenant}'
            """;
        yield return $"insert into tickets.order_items (tenant_id, order_id, line, ticket_type_id, quantity, unit_price_minor, total_minor) select tenant_id, order_id, 1, ticket_type_id, 4, 2500, 10000 from tickets.reservations where tenant_id = '{Tenant}'";
        yield return $"""
            insert into tickets.payments (tenant_id, id, order_id, method, token, status, amount_minor, currency, hold_expires_at, next_check_at, created_at, updated_at)
            select '{Tenant}', pg_temp.k({(int)Kind.Payment}, n), pg_temp.k({(int)Kind.Order}, n), 'test', 'tok_ok', 'succeeded', 10000, 'EUR', now(), now(), now(), now() from generate_series(0, {orders - 1}) n
            """;
        yield return $"""
            insert into tickets.tickets (tenant_id, id, event_id, ticket_type_id, section_id, order_id, reservation_id, user_id, status, face_value_minor, currency, created_at, updated_at)
            select '{Tenant}', pg_temp.k({(int)Kind.Ticket}, n), pg_temp.k({(int)Kind.Event}, n / 4 % {Types} % {Events}), pg_temp.k({(int)Kind.Type}, n / 4 % {Types}), pg_temp.k({(int)Kind.Section}, n / 4 % {Types} % {Events}),
                   pg_temp.k({(int)Kind.Order}, n / 4), pg_temp.k({(int)Kind.Order}, n / 4 * 64), pg_temp.k({(int)Kind.User}, n / 4 % {users}), 'issued', 2500, 'EUR',
                   now() - ({tickets} - n) / 4 * interval '10 seconds', now() - ({tickets} - n) / 4 * interval '10 seconds'
              from generate_series(0, {tickets - 1}) n
            """;
        yield return $"""
            insert into tickets.ticket_validations (tenant_id, id, ticket_id, event_id, direction, result, reason, gate, validated_by, scanned_at, received_at)
            select tenant_id, pg_temp.k({(int)Kind.Scan}, n), id, event_id, 'in', 'admitted', 'admitted', 'A', pg_temp.k({(int)Kind.User}, 0), created_at + interval '1 second', created_at + interval '1 second'
              from (select t.*, row_number() over (order by id) as n from tickets.tickets t where tenant_id = '{Tenant}') t where n % 4 = 0
            """;
        yield return $"""
            insert into tickets.admissions (tenant_id, ticket_id, event_id, validation_id, admitted_at) select tenant_id, ticket_id, event_id, id, scanned_at from tickets.ticket_validations where tenant_id = '{Tenant}'
            """;
        yield return $"""
            insert into tickets.ticket_transfers (tenant_id, id, ticket_id, from_user_id, to_user_id, recipient_email, status, created_at, expires_at, closed_at)
            select tenant_id, pg_temp.k({(int)Kind.Transfer}, n), id, pg_temp.k({(int)Kind.User}, ((n - 1) / 4 + 1) % {users}), user_id, 'someone@people.example', 'accepted', created_at, created_at, created_at
              from (select t.*, row_number() over (order by id) as n from tickets.tickets t where tenant_id = '{Tenant}') t where n % 20 = 1
            """;
        yield return "set session_replication_role = default";
        yield return "vacuum (analyze)";
    }
}
