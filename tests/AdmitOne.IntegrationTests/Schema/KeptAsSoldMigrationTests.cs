using AdmitOne.Schema;
using static AdmitOne.IntegrationTests.Schema.EmptyDatabase;

namespace AdmitOne.IntegrationTests.Schema;

/// <summary>The migration that keeps names with an order, on a database that has sold: up, down and up again.</summary>
public sealed class KeptAsSoldMigrationTests
{
    private const int Before = 26;
    private const string Tenant = "0199a1b2-7c00-7000-8000-0000000000f1";

    // One order of an event, without what it belongs to: replication's role skips foreign keys.
    private const string OneSale = $"""
        set session_replication_role = replica;
        insert into platform.tenants (id, slug, name) values ('{Tenant}', 'hall', 'Our Hall');
        insert into events.events (tenant_id, id, slug, name, venue_id, venue_name, venue_max_capacity, time_zone, doors_at, starts_at, ends_at, sales_start_at, sales_end_at, check_in_from, check_in_until, visibility, search, status)
        values ('{Tenant}', '{Tenant}', 'evening', 'An Evening', '{Tenant}', 'The Hall', 100, 'Europe/Amsterdam', '2026-11-22T19:00Z', '2026-11-22T19:30Z', '2026-11-22T22:00Z', '2026-01-01', '2026-11-22T19:30Z',
                '2026-11-22T15:00Z', '2026-11-22T22:00Z', 'public', '', 'on_sale');
        insert into tickets.ticket_types (tenant_id, id, event_id, section_id, name, price_minor, currency) values ('{Tenant}', '{Tenant}', '{Tenant}', '{Tenant}', 'Standing', 2500, 'EUR');
        insert into tickets.orders (tenant_id, id, order_number, event_id, hold_id, status, total_minor, currency) values ('{Tenant}', '{Tenant}', 'A', '{Tenant}', '{Tenant}', 'paid', 2700, 'EUR');
        insert into tickets.order_items (tenant_id, order_id, line, ticket_type_id, quantity, unit_price_minor, total_minor, kind, label)
        values ('{Tenant}', '{Tenant}', 1, '{Tenant}', 1, 2500, 2500, 'ticket', null), ('{Tenant}', '{Tenant}', 2, '{Tenant}', 1, 0, 200, 'fee', 'Booking');
        """;

    private const string Kept = "select concat_ws('|', seller_name, event_name, venue_name, event_starts_at at time zone 'UTC', event_time_zone) from tickets.orders";
    private const string Labels = "select string_agg(label, '|' order by line) from tickets.order_items";

    [Fact]
    public async Task What_was_sold_before_keeps_the_names_of_now()
    {
        await using var database = await MakeAsync();
        var migrator = database.Migrator(MigrationSet.Product);
        await migrator.UpAsync(Before, Cancellation);
        await database.DoAsync(OneSale);
        foreach (var label in new[] { "Booking", null })
        {
            await migrator.UpAsync(Before + 1, Cancellation);
            Assert.Equal("Our Hall|An Evening|The Hall|2026-11-22 19:30:00|Europe/Amsterdam", await database.AskAsync<string>(Kept));
            Assert.Equal("Standing|Booking", await database.AskAsync<string>(Labels));
            Assert.True(await database.AskAsync<bool>("""
                select bool_and(relforcerowsecurity) from pg_class where oid in ('platform.tenants'::regclass, 'events.events'::regclass, 'tickets.ticket_types'::regclass, 'tickets.orders'::regclass, 'tickets.order_items'::regclass)
                """));
            Assert.Equal(0, await database.AskAsync<int>("select count(*)::int from pg_policy where polname = 'backfill'"));
            if (label is null) break;
            await migrator.DownAsync(Before, Cancellation);
            Assert.Equal(label, await database.AskAsync<string>(Labels));
        }
    }
}
