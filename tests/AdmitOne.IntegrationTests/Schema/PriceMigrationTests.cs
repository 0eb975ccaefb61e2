using AdmitOne.Schema;
using static AdmitOne.IntegrationTests.Schema.EmptyDatabase;

namespace AdmitOne.IntegrationTests.Schema;

/// <summary>Migration 007 on a database that has sold: up, down and up again.</summary>
public sealed class PriceMigrationTests
{
    private const string Tenant = "00000000-0000-7000-8000-000000000001";

    // One order of one ticket at 25.00, without what it belongs to: replication's role skips foreign keys.
    private const string OneSale = $"""
        set session_replication_role = replica;
        insert into tickets.orders (tenant_id, id, order_number, event_id, hold_id, status, total_minor, currency) values ('{Tenant}', '{Tenant}', 'A', '{Tenant}', '{Tenant}', 'paid', 2500, 'EUR');
        insert into tickets.order_items (tenant_id, order_id, line, ticket_type_id, quantity, unit_price_minor, total_minor) values ('{Tenant}', '{Tenant}', 1, '{Tenant}', 1, 2500, 2500);
        insert into tickets.tickets (tenant_id, id, event_id, ticket_type_id, section_id, order_id, status, face_value_minor, currency)
        values ('{Tenant}', '{Tenant}', '{Tenant}', '{Tenant}', '{Tenant}', '{Tenant}', 'issued', 2500, 'EUR');
        """;

    [Fact]
    public async Task What_was_sold_before_prices_had_parts_is_paid_at_its_face_value_and_keeps_its_line_on_the_way_down()
    {
        await using var database = await MakeAsync();
        var migrator = database.Migrator(MigrationSet.Product);
        await migrator.UpAsync(6, Cancellation);
        await database.DoAsync(OneSale);

        await migrator.UpAsync(7, Cancellation);
        Assert.Equal(2500, await database.AskAsync<long>("select paid_minor from tickets.tickets"));
        Assert.Equal("ticket", await database.AskAsync<string>("select kind from tickets.order_items"));
        await database.DoAsync($"insert into tickets.order_items (tenant_id, order_id, line, ticket_type_id, quantity, unit_price_minor, total_minor, kind, label) values ('{Tenant}', '{Tenant}', 2, '{Tenant}', 1, 0, 200, 'fee', 'Booking')");

        await migrator.DownAsync(6, Cancellation);
        Assert.Equal(2500, await database.AskAsync<long>("select total_minor from tickets.order_items"));
        Assert.False(await database.AskAsync<bool>("select to_regclass('tickets.discounts') is not null"));

        await migrator.UpAsync(7, Cancellation);
        Assert.Equal(2500, await database.AskAsync<long>("select paid_minor from tickets.tickets"));
        Assert.True(await database.AskAsync<bool>("select bool_and(relforcerowsecurity) from pg_class where oid in ('tickets.tickets'::regclass, 'tickets.order_items'::regclass, 'tickets.discounts'::regclass, 'tickets.discount_redemptions'::regclass)"));
    }
}
