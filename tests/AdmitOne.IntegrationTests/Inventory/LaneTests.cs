using System.Net;
using AdmitOne.Cli.Load;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Tickets.Inventory;
using AdmitOne.Tickets.Lanes;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AdmitOne.IntegrationTests.Inventory;

/// <summary>What docs/combining.md says of the lanes. A lock on the stock stands for a database that is slow just now.</summary>
public sealed class LaneTests(World world) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private EventLanes Lanes => world.TicketsServices.GetRequiredService<EventLanes>();

    [Fact]
    public async Task Who_comes_alone_goes_at_once_and_who_comes_meanwhile_goes_together()
    {
        var (sale, buyer) = await OnSaleAsync(100);
        var buyers = await BuyersAsync(sale, 40);
        var before = await BatchesAsync();
        var slow = await SlowAsync(sale);
        var first = Lanes.RunAsync(Hold(sale, buyer), Cancellation);
        await WaitsForLockAsync();   // it is with the database although nobody else has come
        var others = buyers.Select(one => Lanes.RunAsync(Hold(sale, one), Cancellation)).ToArray();
        Assert.DoesNotContain(others.Append(first), hold => hold.IsCompleted);
        await slow.DisposeAsync();

        Assert.All(await Task.WhenAll(others.Append(first)), answer => Assert.NotNull(answer.Value));
        Assert.Equal((before.Batches + 2, before.Commands + 41), await BatchesAsync());
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task One_after_the_other_each_is_a_batch_of_its_own()
    {
        var (sale, buyer) = await OnSaleAsync(10);
        var before = await BatchesAsync();
        for (var n = 0; n < 5; n++) Assert.Equal(HttpStatusCode.Created, (await world.HoldAsync(sale, buyer: buyer)).StatusCode);
        Assert.Equal((before.Batches + 5, before.Commands + 5), await BatchesAsync());
    }

    [Fact]
    public async Task A_full_queue_refuses_at_once_and_says_when_to_come_again()
    {
        var (sale, buyer) = await OnSaleAsync(5000);
        var buyers = await BuyersAsync(sale, Lane<StockCommand>.MaxWaiting);
        var slow = await SlowAsync(sale);
        var first = Lanes.RunAsync(Hold(sale, buyer), Cancellation);
        await WaitsForLockAsync();
        var waiting = buyers.Select(one => Lanes.RunAsync(Hold(sale, one), Cancellation)).ToArray();

        using var refused = await world.HoldAsync(sale, buyer: buyer);
        Assert.Equal("overloaded", await refused.RefusedAsync(HttpStatusCode.ServiceUnavailable));
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter?.Delta);
        await slow.DisposeAsync();

        // Whoever was let in is served, and the lane is open again.
        Assert.All(await Task.WhenAll(waiting.Append(first)), answer => Assert.NotNull(answer.Value));
        Assert.Equal(HttpStatusCode.Created, (await world.HoldAsync(sale, buyer: buyer)).StatusCode);
        Assert.Equal(Lane<StockCommand>.MaxWaiting + 2, await world.Ask<int>("select held from tickets.stock where ticket_type_id = @TicketTypeId", sale));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task One_command_that_cannot_be_written_does_not_take_its_batch_with_it()
    {
        var (sale, buyer) = await OnSaleAsync(100);
        var poisoned = Guid.CreateVersion7();
        using (var client = world.Tickets(Platform.Identity.Roles.Customer, poisoned)) await client.GetJsonAsync("/api/v1/tickets");
        await world.Sql($"""
            create function tickets.refuse_one() returns trigger language plpgsql as $$ begin if new.user_id = '{poisoned}' then raise exception 'planted'; end if; return new; end $$;
            create trigger refuse_one before insert on tickets.reservations for each row execute function tickets.refuse_one();
            """);
        try
        {
            var slow = await SlowAsync(sale);
            var first = Lanes.RunAsync(Hold(sale, buyer), Cancellation);
            await WaitsForLockAsync();
            var others = Enumerable.Range(0, 20).Select(n => Lanes.RunAsync(Hold(sale, n == 11 ? poisoned : buyer), Cancellation)).ToArray();
            await slow.DisposeAsync();

            await Assert.ThrowsAsync<PostgresException>(() => others[11]);
            Assert.All(await Task.WhenAll(others.Where((_, n) => n != 11).Append(first)), answer => Assert.NotNull(answer.Value));
        }
        finally
        {
            await world.Sql("drop trigger refuse_one on tickets.reservations; drop function tickets.refuse_one()");
        }
        Assert.Equal(20, await world.Ask<int>("select held from tickets.stock where ticket_type_id = @TicketTypeId", sale));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    private async Task<(Sale Sale, Guid Buyer)> OnSaleAsync(int quantity)
    {
        var (sale, buyer) = (await world.PutOnSaleAsync(quantity), Guid.CreateVersion7());
        using var client = world.Tickets(Platform.Identity.Roles.Customer, buyer);
        await client.GetJsonAsync("/api/v1/tickets");   // whoever has called once is known
        return (sale, buyer);
    }

    // A customer has a bound of unpaid places: a crowd is many customers.
    private async Task<IReadOnlyList<Guid>> BuyersAsync(Sale sale, int count)
    {
        var buyers = Enumerable.Range(0, count).Select(_ => Guid.CreateVersion7()).ToArray();
        await world.Sql("insert into platform.users (tenant_id, id) select @Tenant, id from unnest(@buyers) id",
            new { sale.Tenant, buyers });
        return buyers;
    }

    private static HoldStock Hold(Sale sale, Guid buyer) => new(sale.Tenant, sale.EventId, buyer, [new HoldItem(sale.TicketTypeId, 1)], TimeSpan.FromMinutes(10));

    private async Task<NpgsqlConnection> SlowAsync(Sale sale)
    {
        var connection = await world.ConnectAsync();
        await connection.ExecuteAsync("begin; select 1 from tickets.stock where ticket_type_id = @TicketTypeId for update", sale);
        return connection;   // closing it rolls back
    }

    private Task WaitsForLockAsync() => World.UntilAsync(async () =>
        await world.Ask<int>("select count(*)::int from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'") > 0);

    private async Task<(double Batches, double Commands)> BatchesAsync()
    {
        using var client = world.Tickets();
        var scrape = Scrape.Read(await client.GetStringAsync("/metrics", Cancellation));
        return (scrape.Sum("admitone_lane_batch_size_count") ?? 0, scrape.Sum("admitone_lane_batch_size_sum") ?? 0);
    }
}
