using System.Net;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Tickets.Inventory;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.IntegrationTests.Sales;

/// <summary>Nobody sweeps here but the test.</summary>
public sealed class Unswept(Stack stack) : World(stack, [("RESERVATION_SWEEP_SECONDS", "3600")]);

/// <summary>A sweep of many, in the middle of a sale.</summary>
public sealed class SweepTests(Unswept world, ITestOutputHelper output) : IClassFixture<Unswept>
{
    private const int Expired = 10_000;

    /// <summary>
    /// How long a thousand took stands in the output: the whole transaction with its two round trips, so more than the database's own time.
    /// <c>artifacts/bin/AdmitOne.IntegrationTests/debug/AdmitOne.IntegrationTests -class '*SweepTests' -showLiveOutput</c>
    /// </summary>
    [Fact]
    public async Task Ten_thousand_expired_holds_are_given_back_while_buyers_go_on_buying()
    {
        var sale = await world.PutOnSaleAsync(quantity: 2 * Expired, new SaleOptions { Capacity = 2 * Expired });
        await (await world.HoldAsync(sale)).ReadAsync(HttpStatusCode.Created);
        await PlantAsync(sale);
        var lanes = world.TicketsServices.GetRequiredService<EventLanes>();
        var buyers = Enumerable.Range(0, 40).Select(_ => world.BuyAsync(sale)).ToArray();
        var (swept, took) = (0, new List<double>());
        while (swept < Expired)
        {
            var since = TimeProvider.System.GetTimestamp();
            var (answer, _) = await lanes.RunAsync(new SweepExpired(sale.Tenant, sale.EventId, [sale.TicketTypeId]), TestContext.Current.CancellationToken);
            took.Add(TimeProvider.System.GetElapsedTime(since).TotalMilliseconds);
            swept = await world.Ask<int>("select count(*)::int from tickets.reservations where event_id = @EventId and status = 'expired'", sale);
            Assert.NotNull(answer);
        }
        output.WriteLine($"{took.Count} sweeps of up to {1000}: median {took.Order().ElementAt(took.Count / 2):0.0} ms, longest {took.Max():0.0} ms");

        foreach (var bought in await Task.WhenAll(buyers)) Assert.Equal(HttpStatusCode.Created, bought.StatusCode);
        Assert.Equal(1, await world.Ask<int>("select held from tickets.stock where ticket_type_id = @TicketTypeId", sale));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Availability_may_be_kept_for_a_second_and_counts_what_nobody_has_swept_as_free()
    {
        var sale = await world.PutOnSaleAsync(quantity: 10);
        using var anyone = world.Tickets();
        using var answer = await anyone.GetAsync($"/api/v1/events/{sale.EventId}/availability", TestContext.Current.CancellationToken);
        Assert.Equal(TimeSpan.FromSeconds(1), answer.Headers.CacheControl?.MaxAge);
        await (await world.HoldAsync(sale, 10)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal("sold_out", (await anyone.GetJsonAsync($"/api/v1/events/{sale.EventId}/availability")).Items()[0].Text("status"));
        await world.Sql("update tickets.reservations set expires_at = clock_timestamp() where event_id = @EventId", sale);
        await World.UntilAsync(async () =>
            (await anyone.GetJsonAsync($"/api/v1/events/{sale.EventId}/availability")).Items()[0].Text("status") == "available");
    }

    [Fact]
    public async Task Availability_is_read_once_for_many_and_again_when_something_was_sold_here()
    {
        var sale = await world.PutOnSaleAsync(quantity: 10);
        var before = await ReadsAsync();
        foreach (var answer in await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => world.AvailableAsync(sale)))) Assert.Equal(10, answer);
        // One second after the other it is read again; a busy machine may need several for two hundred calls.
        Assert.InRange(await ReadsAsync() - before, 1, 20);
        await (await world.HoldAsync(sale, 4)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(6, await world.AvailableAsync(sale));
        await (await world.HoldAsync(sale, 6)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(0, await world.AvailableAsync(sale));
        // What another replica sells is seen within the second for which an answer is trusted.
        var replica = await world.StartReplicaAsync();
        var second = await world.PutOnSaleAsync(quantity: 3);
        Assert.Equal(3, await world.AvailableAsync(second));
        await (await world.BuyAsync(second, 3, replica: replica.Url)).ReadAsync(HttpStatusCode.Created);
        var since = TimeProvider.System.GetTimestamp();
        await World.UntilAsync(async () => await world.AvailableAsync(second) == 0);
        output.WriteLine($"{TimeProvider.System.GetElapsedTime(since).TotalMilliseconds:0} ms until another replica's sale was seen");
    }

    private async Task<int> ReadsAsync()
    {
        using var scraper = world.Tickets();
        var line = (await scraper.GetStringAsync("/metrics", TestContext.Current.CancellationToken)).Split('\n')
            .Single(l => l.StartsWith("admitone_cache_reads_total{tier=\"database\"", StringComparison.Ordinal));
        return int.Parse(line[(line.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture);
    }

    // As if ten thousand had held and gone away a minute ago.
    private Task<int> PlantAsync(Sale sale) => world.Sql("""
        with one as (select * from tickets.reservations where event_id = @EventId limit 1),
             many as (select gen_random_uuid() as id from generate_series(1, @Expired))
        insert into tickets.reservations (tenant_id, id, hold_id, event_id, ticket_type_id, user_id, quantity, unit_price_minor, currency, status, expires_at)
        select one.tenant_id, many.id, many.id, one.event_id, one.ticket_type_id, one.user_id, 1, one.unit_price_minor, one.currency, 'held', clock_timestamp() - interval '1 minute' from one, many;
        update tickets.stock set held = held + @Expired where ticket_type_id = @TicketTypeId;
        update tickets.section_stock set held = held + @Expired where section_id = @SectionId;
        """, new { sale.EventId, sale.TicketTypeId, sale.SectionId, Expired });
}
