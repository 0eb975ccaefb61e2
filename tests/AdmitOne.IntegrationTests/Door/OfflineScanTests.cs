using System.Net;
using System.Net.Http.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Door;

/// <summary>What was scanned without a network comes out as the rules say, in whatever order it is uploaded and however often.</summary>
public sealed class OfflineScanTests(World world, ITestOutputHelper output) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    [Fact]
    public Task Five_scanners_that_let_in_the_same_tickets_are_merged_alike_in_any_order_and_twice() => DrillAsync(tickets: 20, orders: 4);

    /// <summary>The offline drill: ./test --long --filter-class '*OfflineScanTests'</summary>
    [Fact, Trait("Category", "Long")]
    public Task The_drill_with_five_hundred_tickets_in_every_order() => DrillAsync(tickets: 500, orders: 120);

    /// <summary>
    /// Five scanners, one of them 5 minutes ahead, scan the same tickets; uploaded in so many orders, each twice, over two replicas at once. After its second
    /// scan a fifth of the tickets is transferred, a fifth refunded, a fifth blocked until after the third; a fifth is admitted online before anybody uploads.
    /// </summary>
    private async Task DrillAsync(int tickets, int orders)
    {
        var drill = await OfflineDrill.PrepareAsync(world, tickets);
        var replica = await world.StartReplicaAsync();
        output.WriteLine("| order | uploads | admitted | conflicts | outcomes of the first round |\n| --- | ---: | ---: | ---: | --- |");
        foreach (var order in Permutations(5).OrderBy(p => string.Concat(p.Select(n => (n * 3) % 5))).Take(orders))
        {
            await drill.BeginAgainAsync();
            var outcomes = new List<(string Id, string Outcome, string Reason)>[2];
            for (var round = 0; round < 2; round++)
            {
                // The first two come at the same time, one at each replica.
                async Task<List<(string, string, string)>> UploadAsync(int n, int place)
                {
                    var results = new List<(string, string, string)>();
                    foreach (var part in drill.Made[n].Chunk(500))
                        results.AddRange((await world.UploadAsync(drill.Sale, part, drill.Scanners[n], place % 2 == 0 ? replica.Url : null)).Select(r => (r.Key, r.Value.Outcome, r.Value.Reason)));
                    return results;
                }
                var all = (await Task.WhenAll(order.Take(2).Select(UploadAsync))).SelectMany(r => r).ToList();
                foreach (var (n, place) in order.Select((n, place) => (n, place)).Skip(2)) all.AddRange(await UploadAsync(n, place));
                outcomes[round] = [.. all.OrderBy(r => r.Item1, StringComparer.Ordinal)];
            }
            Assert.Equal(outcomes[0], outcomes[1]);

            Assert.Equal(drill.ExpectedGates.OrderBy(e => e.Key), (await AdmittedAsync(drill.Sale)).Select(a => KeyValuePair.Create(a.TicketId, a.Gate)).OrderBy(a => a.Key));
            var conflicts = await world.ConflictsAsync(drill.Sale);
            Assert.Equal(drill.ExpectedConflicts.Order(), conflicts.Select(OfflineDrill.Told).Order());
            output.WriteLine($"| {string.Join(' ', order)} | 2 × 5 | {drill.ExpectedGates.Count} | {conflicts.Count} | {string.Join(", ", outcomes[0].CountBy(o => $"{o.Outcome} {o.Reason}").OrderBy(o => o.Key).Select(o => $"{o.Value} {o.Key}"))} |");
        }
        await world.AssertBooksAreRightAsync(drill.Sale.EventId);
    }

    [Fact]
    public async Task Two_uploads_of_one_ticket_that_were_decided_at_the_same_time_let_it_in_once()
    {
        var sale = await world.PutOnSaleAsync(5);
        var (ticketId, code) = (await world.BuyCodesAsync(sale))[0];
        await world.AgeTicketsAsync(sale, TimeSpan.FromHours(1));
        var scanners = new[] { await world.ActivateScannerAsync(sale, "A"), await world.ActivateScannerAsync(sale, "B") };
        Task<Dictionary<string, (string Outcome, string Reason)>[]> both;
        await using (await world.HoldUpInsertsAsync("tickets.ticket_validations"))
        {
            both = Task.WhenAll(scanners.Select((scanner, n) => world.UploadAsync(sale, [new OfflineScanMade($"at-once-{n}", code, Now.AddMinutes(-5 + n), n == 0 ? "A" : "B")], scanner)));
            await world.UntilWaitingAsync(2);
        }
        await both;
        Assert.Equal(1, await world.Ask<int>("select count(*)::int from tickets.ticket_validations where ticket_id = @ticketId and result = 'admitted'", new { ticketId }));
        var conflict = Assert.Single(await ConflictsAsync(sale));
        Assert.Equal((ticketId, "A", "B"), (conflict.TicketId, conflict.First, conflict.Second));
    }

    [Fact]
    public async Task An_earlier_scan_that_is_uploaded_later_becomes_the_first_and_never_before_one_that_was_online()
    {
        var sale = await world.PutOnSaleAsync(5);
        var codes = await world.BuyCodesAsync(sale, 2);
        await world.AgeTicketsAsync(sale, TimeSpan.FromHours(1));
        var online = await (await world.ScanAsync(sale.EventId, codes[0].Code, "North")).ReadAsync();
        Assert.Equal("admitted", online.Text("result"));
        var earlier = online.Instant("scannedAt").AddMinutes(-10);
        Assert.Equal(("conflict", "already_admitted"), (await world.UploadAsync(sale, [new OfflineScanMade("a", codes[0].Code, earlier, "South")]))["a"]);
        var again = await (await world.ScanAsync(sale.EventId, codes[0].Code, "East")).ReadAsync();
        Assert.Equal(("already_admitted", "North", online.Instant("scannedAt")), (again.Text("reason"), again.GetProperty("firstAdmitted").Text("gate"), again.GetProperty("firstAdmitted").Instant("at")));

        Assert.Equal(("accepted", "ok"), (await world.UploadAsync(sale, [new OfflineScanMade("b", codes[1].Code, earlier, "West")]))["b"]);
        Assert.Equal(("accepted", "ok"), (await world.UploadAsync(sale, [new OfflineScanMade("c", codes[1].Code, earlier.AddMinutes(-1), "South")]))["c"]);
        var other = await (await world.ScanAsync(sale.EventId, codes[1].Code, "East")).ReadAsync();
        Assert.Equal(("already_admitted", "South"), (other.Text("reason"), other.GetProperty("firstAdmitted").Text("gate")));
        Assert.Equal([(codes[0].TicketId, "North", "South"), (codes[1].TicketId, "South", "West")], await ConflictsAsync(sale));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task An_online_scan_that_was_first_makes_the_later_upload_a_conflict_and_a_repeated_id_answers_its_first_outcome()
    {
        var sale = await world.PutOnSaleAsync(5);
        var code = (await world.BuyCodesAsync(sale))[0].Code;
        var online = await (await world.ScanAsync(sale.EventId, code, "North")).ReadAsync();
        var late = new OfflineScanMade("late", code, online.Instant("scannedAt").AddSeconds(30), "South");
        Assert.Equal(("conflict", "already_admitted"), (await world.UploadAsync(sale, [late]))["late"]);
        Assert.Equal(("conflict", "already_admitted"), (await world.UploadAsync(sale, [late, late with { ScannedAt = late.ScannedAt.AddDays(-1) }]))["late"]);
        Assert.Single(await ConflictsAsync(sale));
    }

    [Fact]
    public async Task Dead_tickets_are_refused_whatever_the_pack_of_yesterday_said_and_so_is_what_cannot_be_true()
    {
        var sale = await world.PutOnSaleAsync(10);
        var other = await world.PutOnSaleAsync(5);
        var codes = await world.BuyCodesAsync(sale, 6);
        foreach (var (n, change) in new[] { (0, "status = 'refunded'"), (1, "status = 'cancelled'"), (2, "status = 'blocked'"), (3, "owner_version = 2") })
            await world.Sql($"update tickets.tickets set {change} where id = @TicketId", new { codes[n].TicketId });
        await world.AgeTicketsAsync(sale, TimeSpan.FromDays(30));
        var foreign = (await world.BuyCodesAsync(other))[0].Code;
        var now = Now;
        var results = await world.UploadAsync(sale,
        [
            new("refunded", codes[0].Code, now), new("cancelled", codes[1].Code, now), new("blocked", codes[2].Code, now), new("transferred", codes[3].Code, now), new("elsewhere", foreign, now),
            new("nonsense", "hello", now), new("slow clock", codes[4].Code, now.AddMinutes(-5)), new("too old", codes[5].Code, now.AddDays(-7).AddMinutes(-1)), new("ahead", codes[5].Code, now.AddMinutes(3)),
            new("before the doors", codes[5].Code, now.AddDays(-6)),
        ]);
        Assert.Equal(new Dictionary<string, (string, string)>
        {
            ["refunded"] = ("refused", "refunded"), ["cancelled"] = ("refused", "cancelled"), ["blocked"] = ("refused", "blocked"), ["transferred"] = ("refused", "transferred_code"),
            ["elsewhere"] = ("refused", "wrong_event"), ["nonsense"] = ("refused", "malformed"), ["slow clock"] = ("accepted", "ok"), ["too old"] = ("refused", "too_early"), ["ahead"] = ("refused", "too_early"),
            ["before the doors"] = ("refused", "too_early"),
        }, results);
        Assert.Equal(9, await world.Ask<int>("select count(*)::int from tickets.ticket_validations where event_id = @EventId and offline", new { sale.EventId }));
    }

    [Fact]
    public async Task The_same_scanner_repeats_itself_without_a_conflict_and_leaving_lets_in_again_where_the_event_allows_it()
    {
        var sale = await world.PutOnSaleAsync(5, new SaleOptions { Event = new Dictionary<string, object?> { ["reEntry"] = true } });
        var code = (await world.BuyCodesAsync(sale))[0].Code;
        await world.AgeTicketsAsync(sale, TimeSpan.FromHours(1));
        var (one, two) = (await world.ActivateScannerAsync(sale), await world.ActivateScannerAsync(sale));
        var start = Now.AddMinutes(-20);
        Assert.Equal(("accepted", "ok"), (await world.UploadAsync(sale, [new("in again", code, start.AddMinutes(4))], two))["in again"]);
        var results = await world.UploadAsync(sale, [new("in", code, start), new("twice", code, start.AddSeconds(5)), new("out", code, start.AddMinutes(2), Direction: "out"), new("out again", code, start.AddMinutes(3), Direction: "out")], one);
        Assert.Equal([("accepted", "ok"), ("duplicate", "already_admitted"), ("accepted", "ok"), ("refused", "not_inside")], new[] { "in", "twice", "out", "out again" }.Select(id => results[id]));
        Assert.Empty(await ConflictsAsync(sale));
        Assert.True(await world.Ask<bool>("select inside from tickets.admissions where event_id = @EventId", new { sale.EventId }));
    }

    [Fact]
    public async Task More_than_five_hundred_is_refused_whole_and_five_hundred_static_codes_fit()
    {
        var sale = await world.PutOnSaleAsync(5);
        var code = (await world.BuyCodesAsync(sale))[0].Code;
        using var staff = world.Tickets(Roles.VenueStaff);
        object Body(int scans) => new { eventId = sale.EventId, scans = Enumerable.Range(0, scans).Select(n => new { id = $"{Guid.CreateVersion7()}", code, scannedAt = Now, gate = "North", direction = "in" }) };
        Assert.Equal("validation_failed", await (await staff.PostAsJsonAsync("/api/v1/scans/batch", Body(501), Cancellation)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        Assert.Equal(500, (await (await staff.PostAsJsonAsync("/api/v1/scans/batch", Body(500), Cancellation)).ReadAsync()).Items("results").Count);
        Assert.Equal("not_found", await (await staff.PostAsJsonAsync("/api/v1/scans/batch", new { eventId = Guid.CreateVersion7(), scans = new[] { new { id = "1", code, scannedAt = Now } } }, Cancellation)).RefusedAsync(HttpStatusCode.NotFound));
    }

    private async Task<List<(Guid TicketId, string First, string? Second)>> ConflictsAsync(Sale sale) =>
        [.. (await world.ConflictsAsync(sale)).Select(c => (c.TicketId, c.First, c.Second))];

    private async Task<IEnumerable<(Guid TicketId, string? Gate)>> AdmittedAsync(Sale sale)
    {
        await using var connection = await world.ConnectAsync();
        return await Dapper.SqlMapper.QueryAsync<(Guid, string?)>(connection, "select ticket_id, gate from tickets.admissions where event_id = @EventId", new { sale.EventId });
    }

    private static IEnumerable<int[]> Permutations(int n) => n == 1 ? [[0]] : Permutations(n - 1).SelectMany(p => Enumerable.Range(0, n).Select(at => p[..at].Append(n - 1).Concat(p[at..]).ToArray()));
}
