using System.Net;
using System.Net.Http.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Sales;

/// <summary>Nobody keeps a house from others by holding it.</summary>
public sealed class UnpaidPlacesTests(World world) : IClassFixture<World>
{
    [Fact]
    public async Task One_customer_holds_twenty_places_of_an_event_and_then_pays_or_releases_before_more()
    {
        var (sale, elsewhere) = (await world.PutOnSaleAsync(quantity: 200), await world.PutOnSaleAsync(quantity: 20));
        var buyer = Guid.CreateVersion7();
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => world.HoldAsync(sale, 10, buyer)));
        Assert.Equal(2, answers.Count(a => a.StatusCode == HttpStatusCode.Created));
        foreach (var refused in answers.Where(a => a.StatusCode != HttpStatusCode.Created)) Assert.Equal("limit_unpaid", await refused.RefusedAsync(HttpStatusCode.UnprocessableEntity));
        Assert.Equal("limit_unpaid", await (await world.BuyAsync(sale, 1, buyer)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        Assert.Equal(HttpStatusCode.Created, (await world.HoldAsync(elsewhere, 10, buyer)).StatusCode);   // each event by itself
        Assert.Equal(HttpStatusCode.Created, (await world.HoldAsync(sale, 10)).StatusCode);

        var hold = (await answers.First(a => a.StatusCode == HttpStatusCode.Created).ReadAsync(HttpStatusCode.Created)).Id();
        await (await world.BuyHeldAsync(hold, buyer)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(HttpStatusCode.Created, (await world.HoldAsync(sale, 10, buyer)).StatusCode);
        Assert.Equal("limit_unpaid", await (await world.HoldAsync(sale, 1, buyer)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        await world.Sql("update tickets.reservations set expires_at = clock_timestamp() where user_id = @buyer and event_id = @EventId and status = 'held'", new { buyer, sale.EventId });
        Assert.Equal(HttpStatusCode.Created, (await world.HoldAsync(sale, 10, buyer)).StatusCode);
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Pending_payments_count_as_unpaid()
    {
        var sale = await world.PutOnSaleAsync(quantity: 50);
        var buyer = Guid.CreateVersion7();
        for (var n = 0; n < 2; n++) Assert.Equal(HttpStatusCode.Accepted, (await world.BuyAsync(sale, 10, buyer, "tok_timeout")).StatusCode);
        Assert.Equal("limit_unpaid", await (await world.HoldAsync(sale, 1, buyer)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
    }

    [Fact]
    public async Task Two_replicas_and_two_sections_together_give_a_customer_no_more_than_one_would()
    {
        var sale = await world.PutOnSaleAsync(quantity: 100);
        using var events = world.Events(Roles.VenueManager);
        var section = (await events.MakeAsync($"/api/v1/events/{sale.EventId}/sections", new { name = "Balcony", capacity = 100 })).Id();
        using var manager = world.Tickets(Roles.VenueManager);
        var second = (await manager.MakeAsync($"/api/v1/events/{sale.EventId}/ticket-types",
            new { name = "Balcony", price = new { amount = 1000, currency = "EUR" }, quantity = 100, sectionId = section })).Id();
        var replica = await world.StartReplicaAsync();
        for (var round = 0; round < 3; round++)
        {
            var buyer = Guid.CreateVersion7();
            HttpClient[] clients = [world.Tickets(Roles.Customer, buyer), world.Client(replica.Url, Roles.Customer, buyer)];
            var statuses = await Task.WhenAll(Enumerable.Range(0, 40).Select(async n =>
            {
                var body = new { eventId = sale.EventId, items = new[] { new { ticketTypeId = n % 2 == 0 ? sale.TicketTypeId : second, quantity = 1 } } };
                using var answer = await clients[n % 2].PostAsJsonAsync("/api/v1/reservations", body, TestContext.Current.CancellationToken);
                return answer.StatusCode;
            }));
            Assert.Equal((20, 20), (statuses.Count(s => s == HttpStatusCode.Created), statuses.Count(s => s == HttpStatusCode.UnprocessableEntity)));
            Assert.Equal(20, await world.Ask<int>("select sum(quantity)::int from tickets.reservations where user_id = @buyer and status = 'held'", new { buyer }));
            foreach (var client in clients) client.Dispose();
        }
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Holds_are_short_when_little_is_left_and_what_was_held_and_never_paid_is_counted()
    {
        var sale = await world.PutOnSaleAsync(quantity: 20);
        async Task<double> MinutesAsync(int quantity)
        {
            var before = TimeProvider.System.GetUtcNow();
            return ((await (await world.HoldAsync(sale, quantity)).ReadAsync(HttpStatusCode.Created)).Instant("expiresAt") - before).TotalMinutes;
        }
        Assert.InRange(await MinutesAsync(10), 9, 11);
        Assert.InRange(await MinutesAsync(9), 4, 6);   // one of twenty is left
        var before = await NeverPaidAsync();
        await world.Sql("update tickets.reservations set expires_at = clock_timestamp() where event_id = @EventId and status = 'held'", new { sale.EventId });
        Assert.Equal(HttpStatusCode.Created, (await world.HoldAsync(sale, 10)).StatusCode);
        Assert.InRange(await NeverPaidAsync() - before, 19, double.PositiveInfinity);
    }

    private async Task<double> NeverPaidAsync()
    {
        using var scraper = world.Tickets();
        var line = (await scraper.GetStringAsync("/metrics", TestContext.Current.CancellationToken)).Split('\n').Single(l => l.StartsWith("admitone_reservations_never_paid_total", StringComparison.Ordinal));
        return double.Parse(line.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
    }
}
