using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AdmitOne.IntegrationTests.Trust;

/// <summary>A connection serves one tenant's request after another's and is not reset in between: nothing of the one may reach the next.</summary>
public sealed class SessionTests(World world) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_connection_goes_back_without_a_setting_and_without_a_lock()
    {
        var sale = await world.PutOnSaleAsync(quantity: 50);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            var (_, code) = (await world.BuyCodesAsync(sale))[0];
            (await world.ScanAsync(sale.EventId, code)).EnsureSuccessStatusCode();
            using var visitor = world.Tickets(Roles.Customer);
            await visitor.GetJsonAsync($"/api/v1/events/{sale.EventId}/ticket-types");
            using var catalogue = world.Events();
            await catalogue.GetJsonAsync($"/api/v1/events/{sale.EventId}");
        }));
        await world.AllNumberedAsync();

        foreach (var services in new[] { world.EventsServices, world.TicketsServices })
        {
            var source = services.GetRequiredService<NpgsqlDataSource>();
            var open = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ => await source.OpenConnectionAsync(Cancellation)));
            foreach (var connection in open)
            {
                await using var mine = connection;
                var left = await connection.QueryAsync<string>("""
                    select name from pg_settings where source = 'session'
                    union all select name from unnest(array['app.tenant_id', 'app.scope']) name where coalesce(current_setting(name, true), '') <> ''
                    union all select locktype from pg_locks where pid = pg_backend_pid() and locktype = 'advisory'
                    union all select 'listens to ' || channel from pg_listening_channels() channel
                    """);
                Assert.Empty(left);
            }
        }
    }

    [Fact]
    public async Task A_look_sees_its_own_tenants_rows_and_can_write_none()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var database = world.TicketsServices.GetRequiredService<Database>();

        Assert.Equal(5, await QuantityAsync(world.Tenant));
        Assert.Null(await QuantityAsync(world.OtherTenant));
        var refused = await Assert.ThrowsAsync<PostgresException>(() => database.Look(world.Tenant).FindAsync<int?>(
            "update tickets.stock set quantity = 6 where ticket_type_id = @TicketTypeId returning quantity", sale, Cancellation));
        Assert.Equal(PostgresErrorCodes.ReadOnlySqlTransaction, refused.SqlState);
        Assert.Equal(5, await QuantityAsync(world.Tenant));

        Task<int?> QuantityAsync(Guid tenant) => database.Look(tenant).FindAsync<int?>("select quantity from tickets.stock where ticket_type_id = @TicketTypeId", sale, Cancellation);
    }

    [Fact]
    public async Task A_statement_that_is_written_alone_is_its_tenants_and_is_there_or_not_at_all()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var database = world.TicketsServices.GetRequiredService<Database>();
        const string More = "update tickets.stock set quantity = quantity + 1 where ticket_type_id = @TicketTypeId returning quantity";

        Assert.Null(await database.WriteAloneAsync<int?>(world.OtherTenant, More, sale, Cancellation));
        Assert.Equal(6, await database.WriteAloneAsync<int?>(world.Tenant, More, sale, Cancellation));
        await Assert.ThrowsAsync<PostgresException>(() => database.WriteAloneAsync<int?>(world.Tenant, More + ", 1 / (quantity - 7)", sale, Cancellation));
        Assert.Null(await database.WriteAloneAsync<int?>(world.Tenant, "update tickets.stock set quantity = quantity where ticket_type_id = @TicketTypeId", sale, Cancellation));
        Assert.Equal(6, await world.Ask<int>("select quantity from tickets.stock where ticket_type_id = @TicketTypeId", sale));
    }
}
