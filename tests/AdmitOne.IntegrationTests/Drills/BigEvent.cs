using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Drills;

/// <summary>Sells an event out and admits everybody by SQL, as many tickets as a drill asks for: each has an order, a payment, a scan that admitted it, and the books are right.</summary>
internal static class BigEvent
{
    /// <summary>Adds <paramref name="tickets"/> tickets, one to an order, sold to a third as many customers over 30 days and admitted 500 days ago.</summary>
    /// <remarks>
    /// It runs as the superuser, whom no policy binds. The role of a replica skips the foreign keys, which these rows keep. Nothing is counted afterwards: what a
    /// fast sale leaves is what PostgreSQL has not counted yet.
    /// </remarks>
    public static async Task FillAsync(this World world, Sale sale, int tickets)
    {
        await using var connection = await world.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);   // no sweep sees a scan without its admission
        foreach (var statement in Statements(sale, tickets))
        {
            await using var command = new Npgsql.NpgsqlCommand(statement, connection, transaction) { CommandTimeout = 600 };
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }
        await transaction.CommitAsync(TestContext.Current.CancellationToken);
    }

    private static IEnumerable<string> Statements(Sale sale, int tickets)
    {
        yield return "set session_replication_role = replica";
        // UUIDv7 by the number: its time grows with it, as that of ids made one after another. Each event has numbers of its own.
        yield return $"""
            create or replace function pg_temp.id(kind integer, n bigint) returns uuid language sql immutable as
            $$ select (lpad(to_hex(1700000000000 + number), 12, '0') || '7' || lpad(to_hex(kind), 3, '0') || '8000' || lpad(to_hex(number), 12, '0'))::uuid
                 from (select n + (hashtext('{sale.EventId}') & 65535) * 1000000::bigint as number) of_event $$
            """;
        yield return $"""
            insert into platform.users (tenant_id, id, email, name)
            select '{sale.Tenant}', pg_temp.id(1, n), 'guest-' || pg_temp.id(1, n) || '@people.example', 'Ada Guest ' || n from generate_series(1, {Math.Max(1, tickets / 3)}) n
            """;
        yield return $"""
            insert into tickets.reservations (tenant_id, id, hold_id, event_id, ticket_type_id, user_id, quantity, unit_price_minor, currency, status, order_id, created_at, expires_at)
            select '{sale.Tenant}', pg_temp.id(2, n), pg_temp.id(2, n), '{sale.EventId}', '{sale.TicketTypeId}', pg_temp.id(1, 1 + n % {Math.Max(1, tickets / 3)}), 1, 2500, 'EUR', 'completed', pg_temp.id(3, n),
                   now() - interval '30 days' + n * interval '30 days' / {tickets}, now() from generate_series(1, {tickets}) n
            """;
        yield return $"""
            insert into tickets.orders (tenant_id, id, order_number, event_id, user_id, hold_id, status, total_minor, currency, created_at, updated_at)
            select tenant_id, order_id, upper(substr(md5(id::text), 1, 12)), event_id, user_id, hold_id, 'paid', 2500, 'EUR', created_at, created_at
              from tickets.reservations where event_id = '{sale.EventId}' and status = 'completed'
            """;
        yield return $"""
            insert into tickets.order_items (tenant_id, order_id, line, ticket_type_id, quantity, unit_price_minor, total_minor)
            select tenant_id, order_id, 1, ticket_type_id, 1, 2500, 2500 from tickets.reservations where event_id = '{sale.EventId}' and status = 'completed'
            """;
        yield return $"""
            insert into tickets.payments (tenant_id, id, order_id, method, token, status, amount_minor, currency, hold_expires_at, next_check_at)
            select tenant_id, pg_temp.id(4, row_number() over ()), order_id, 'test', 'tok_ok', 'succeeded', 2500, 'EUR', now(), now()
              from tickets.reservations where event_id = '{sale.EventId}' and status = 'completed'
            """;
        yield return $"""
            insert into tickets.tickets (tenant_id, id, event_id, ticket_type_id, section_id, order_id, reservation_id, user_id, status, face_value_minor, currency, created_at)
            select tenant_id, pg_temp.id(5, row_number() over (order by id)), event_id, ticket_type_id, '{sale.SectionId}', order_id, id, user_id, 'issued', 2500, 'EUR', created_at
              from tickets.reservations where event_id = '{sale.EventId}' and status = 'completed'
            """;
        yield return $"""
            insert into tickets.ticket_validations (tenant_id, id, ticket_id, event_id, direction, result, reason, gate, scanned_at, received_at)
            select tenant_id, pg_temp.id(6, n), id, event_id, 'in', 'admitted', 'admitted', 'Gate ' || n % 20, at, at
              from (select t.*, now() - interval '500 days' + n * interval '4 hours' / {tickets} as at
                      from (select t.*, row_number() over (order by md5(id::text)) as n from tickets.tickets t where event_id = '{sale.EventId}') t) t
            """;
        yield return $"""
            insert into tickets.admissions (tenant_id, ticket_id, event_id, validation_id, admitted_at, gate)
            select tenant_id, ticket_id, event_id, id, scanned_at, gate from tickets.ticket_validations where event_id = '{sale.EventId}'
            """;
        yield return $"update tickets.stock set sold = {tickets} where ticket_type_id = '{sale.TicketTypeId}'";
        yield return $"update tickets.section_stock set sold = {tickets} where section_id = '{sale.SectionId}'";
        yield return "set session_replication_role = default";
    }
}
