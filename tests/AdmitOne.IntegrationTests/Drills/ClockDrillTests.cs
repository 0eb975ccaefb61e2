using System.Globalization;
using System.Net;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Drills;

/// <summary>The clock of one replica steps by five minutes and back, in mid-sale. Sales, holds and the door go by PostgreSQL's clock; what goes by the replica's own says so.</summary>
[Trait("Category", "Long")]
public sealed class ClockDrillTests(Stack shared)
{
    private const string Command = "UPDATE_DOCS=1 ./test --long --filter-class '*ClockDrillTests'";
    private const string Library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(300)]
    [InlineData(-300)]
    public async Task A_clock_that_steps_by_five_minutes_stops_no_sale(int seconds)
    {
        shared.SkipIfMissing();
        if (!File.Exists(Library)) Assert.Skip($"{Library} is missing (Debian: sudo apt-get install faketime)");
        var file = Path.Combine(shared.Folder, $"clock-{Guid.CreateVersion7():n}");
        await File.WriteAllTextAsync(file, "+0\n", Cancellation);
        await using var world = await World.StartAsync(shared);
        // What measures how long something takes goes on as it is, as on a machine whose clock is set.
        var replica = await world.StartReplicaAsync(("LD_PRELOAD", Library), ("FAKETIME_TIMESTAMP_FILE", file), ("FAKETIME_CACHE_DURATION", "1"), ("FAKETIME_DONT_FAKE_MONOTONIC", "1"));
        var sale = await world.PutOnSaleAsync(100_000);
        // Signed in before the step, as most buyers of a sale are.
        var buyers = Enumerable.Range(0, 200).Select(_ => Guid.CreateVersion7()).ToArray();
        var signedIn = buyers.ToDictionary(buyer => buyer, buyer => world.Token(Platform.Identity.Roles.Customer, buyer, sale.Tenant));
        await BuyAsync(world, replica.Url, sale, signedIn[buyers[0]]);
        var held = await HoldAsync(world, replica.Url, sale, signedIn[buyers[1]]);
        var (_, code) = (await world.BuyCodesAsync(sale)).Single();

        await File.WriteAllTextAsync(file, seconds.ToString("+0;-0", CultureInfo.InvariantCulture) + "\n", Cancellation);
        var steppedAt = DrillSale.Now;
        await World.UntilAsync("the metrics say how far the clock is off", async () => Math.Abs(await DrillChecks.MetricAsync(world, replica.Url, "admitone_clock_offset_seconds") - seconds) < 5, s_longest);
        var seen = DrillSale.Now - steppedAt;
        for (var n = 2; n < 12; n++) await BuyAsync(world, replica.Url, sale, signedIn[buyers[n]]);
        await PayAsync(world, replica.Url, held, signedIn[buyers[1]]);
        await (await world.ScanAsync(sale.EventId, code, replica: replica.Url)).ReadAsync();
        // By the replica's clock the token of one who signs in elsewhere now is five minutes old, or not issued yet.
        await (await world.BuyAsync(sale, replica: replica.Url)).ReadAsync(HttpStatusCode.Created);
        await DrillChecks.SellsAgainAsync(world, sale);

        await File.WriteAllTextAsync(file, "+0\n", Cancellation);
        await World.UntilAsync("the clocks agree again", async () => Math.Abs(await DrillChecks.MetricAsync(world, replica.Url, "admitone_clock_offset_seconds")) < 5, s_longest);
        await DrillChecks.SellsAgainAsync(world, sale, replica.Url);
        await world.AssertBooksAreRightAsync(sale.EventId);
        await DrillChecks.VerifyAsync(world, shared);

        new DrillReport($"A replica's clock set {(seconds > 0 ? "forward" : "back")} by five minutes in mid-sale (libfaketime)", Command,
            [
                new("purchases and a hold's payment meanwhile, of people who were signed in before", "11 of 11"),
                new("a scan meanwhile", "admitted"),
                new("a purchase of a person who signed in after the step", "201"),
                new("until `admitone_clock_offset_seconds` said so", DrillChecks.Seconds(seen)),
                new("admitone verify", "no faults"),
            ], [], [])
        {
            Outcomes = [new($"A replica's clock is set {(seconds > 0 ? "forward" : "back")} by five minutes", "nothing: sales go on", "0 s", ["ClockSkewed"])],
        }.Write(seconds > 0 ? "clock-forward" : "clock-back");
    }

    private static async Task BuyAsync(World world, Uri url, Sale sale, string token)
    {
        using var client = Client(world, url, token);
        using var bought = await client.PostAsync("/api/v1/purchases",
            new { eventId = sale.EventId, items = new[] { new { ticketTypeId = sale.TicketTypeId, quantity = 1 } }, payment = new { method = "test", token = "tok_ok" } }, ("Idempotency-Key", Guid.CreateVersion7().ToString()));
        await bought.ReadAsync(HttpStatusCode.Created);
    }

    private static async Task<Guid> HoldAsync(World world, Uri url, Sale sale, string token)
    {
        using var client = Client(world, url, token);
        return (await client.MakeAsync("/api/v1/reservations", new { eventId = sale.EventId, items = new[] { new { ticketTypeId = sale.TicketTypeId, quantity = 1 } } })).Id();
    }

    private static async Task PayAsync(World world, Uri url, Guid reservationId, string token)
    {
        using var client = Client(world, url, token);
        using var bought = await client.PostAsync("/api/v1/purchases", new { reservationId, payment = new { method = "test", token = "tok_ok" } }, ("Idempotency-Key", Guid.CreateVersion7().ToString()));
        await bought.ReadAsync(HttpStatusCode.Created);
    }

    private static HttpClient Client(World world, Uri url, string token)
    {
        var client = world.Client(url);
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return client;
    }
}
