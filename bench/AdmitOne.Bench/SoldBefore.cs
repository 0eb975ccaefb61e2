using Dapper;
using Npgsql;

namespace AdmitOne.Bench;

/// <summary>
/// Tickets that were sold before a measurement began: the rows of whole purchases, four tickets an order, written by SQL under all constraints,
/// triggers and foreign keys of the product's own tables.
/// </summary>
internal static class SoldBefore
{
    public const int EachOrder = 4;

    private const int OrdersAtOnce = 25_000;

    private const string Fill = """
        create temporary table sold_now (order_id uuid, reservation_id uuid, payment_id uuid, n bigint, user_id uuid) on commit drop;
        insert into sold_now
        select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), n, ('00000000-0000-7000-9000-' || lpad(to_hex(n % @buyers), 12, '0'))::uuid
          from generate_series(@first, @last) as n;
        insert into platform.users (tenant_id, id, email) select @tenant, user_id, replace(user_id::text, '-', '') || '@people.example' from sold_now on conflict do nothing;
        update tickets.section_stock set sold = sold + @count where tenant_id = @tenant and section_id = @section;
        update tickets.stock set sold = sold + @count where tenant_id = @tenant and ticket_type_id = @type;
        insert into tickets.reservations (tenant_id, id, hold_id, event_id, ticket_type_id, user_id, quantity, unit_price_minor, currency, status, order_id, expires_at)
        select @tenant, reservation_id, reservation_id, @event, @type, user_id, @each, 2500, 'EUR', 'completed', order_id, now() from sold_now;
        insert into tickets.orders (tenant_id, id, order_number, event_id, user_id, hold_id, status, total_minor, currency, payment_reference)
        select @tenant, order_id, 'B' || upper(substr(@type::text, 25)) || n, @event, user_id, reservation_id, 'paid', 2500 * @each, 'EUR', 'before_' || payment_id from sold_now;
        insert into tickets.order_items (tenant_id, order_id, line, ticket_type_id, quantity, unit_price_minor, total_minor)
        select @tenant, order_id, 1, @type, @each, 2500, 2500 * @each from sold_now;
        insert into tickets.payments (tenant_id, id, order_id, method, token, status, amount_minor, currency, provider_reference, hold_expires_at, next_check_at)
        select @tenant, payment_id, order_id, 'test', 'tok_ok', 'succeeded', 2500 * @each, 'EUR', 'before_' || payment_id, now(), now() from sold_now;
        insert into tickets.tickets (tenant_id, id, event_id, ticket_type_id, section_id, order_id, reservation_id, user_id, status, face_value_minor, paid_minor, currency)
        select @tenant, gen_random_uuid(), @event, @type, @section, order_id, reservation_id, user_id, 'issued', 2500, 2500, 'EUR' from sold_now, generate_series(1, @each);
        """;

    /// <summary>Sells so many of the first type.</summary>
    /// <param name="already">So many were sold this way before.</param>
    public static async Task SellAsync(Stage stage, Sale sale, long tickets, long already = 0)
    {
        // The superuser is above row-level security, as a restore is; all else counts.
        await using var connection = stage.Superuser();
        await connection.OpenAsync();
        var (first, last) = (already / EachOrder, ((already + tickets) / EachOrder) - 1);
        for (var from = first; from <= last; from += OrdersAtOnce)
        {
            var to = Math.Min(last, from + OrdersAtOnce - 1);
            await using var transaction = await connection.BeginTransactionAsync();
            await connection.ExecuteAsync(Fill, new
            {
                tenant = stage.Tenant, @event = sale.EventId, section = sale.SectionId, type = sale.TicketTypeId, first = from, last = to,
                count = (int)((to - from + 1) * EachOrder), each = EachOrder, buyers = (long)Stage.Buyers,
            }, transaction);
            await transaction.CommitAsync();
        }
        await SettleAsync(connection, "tickets.reservations, tickets.orders, tickets.payments, tickets.tickets");
    }

    /// <summary>Keeps the codes of tickets as the service does when their owners look at them for the first time.</summary>
    public static async Task ShowAsync(Stage stage, IReadOnlyList<Guid> tickets, IReadOnlyList<(byte[] Carrier, byte[] Signature)> codes)
    {
        await using var connection = stage.Superuser();
        await connection.OpenAsync();
        await using (var rows = await connection.BeginBinaryImportAsync("copy tickets.ticket_codes (tenant_id, ticket_id, carrier, signature) from stdin (format binary)"))
        {
            foreach (var (ticket, (carrier, signature)) in tickets.Zip(codes)) await rows.WriteRowAsync(default, stage.Tenant, ticket, carrier, signature);
            await rows.CompleteAsync();
        }
        await SettleAsync(connection, "tickets.ticket_codes");
    }

    public static async Task<IReadOnlyList<Guid>> TicketsAsync(NpgsqlConnection connection, Sale sale)
    {
        // Row by row as they come: Dapper reads a column that has not come yet by waiting for it, and here that is the thread that would bring it.
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("select id from tickets.tickets where event_id = $1 order by id", connection) { Parameters = { new() { Value = sale.EventId } } };
        await using var reader = await command.ExecuteReaderAsync();
        var tickets = new List<Guid>();
        while (await reader.ReadAsync()) tickets.Add(reader.GetGuid(0));
        return tickets;
    }

    // As autovacuum would before long; and what filling left to be written must not be written while something is measured.
    private static async Task SettleAsync(NpgsqlConnection connection, string filled)
    {
        await connection.ExecuteAsync($"analyze {filled}");
        await connection.ExecuteAsync("checkpoint", commandType: System.Data.CommandType.Text);   // a single word would be taken for a procedure's name
    }
}
