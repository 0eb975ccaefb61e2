using System.Net;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using AdmitOne.Tickets.Codes;

namespace AdmitOne.IntegrationTests.Door;

/// <summary>An upload counts for what was true when it was scanned, and everybody who got in is on a list.</summary>
public sealed class UploadTests(World world) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    [Fact]
    public async Task Let_in_offline_then_given_away_and_let_in_online_is_a_conflict_with_both_gates()
    {
        var (sale, order) = await BuyAsync(1);
        var replica = await world.SecondReplicaAsync();
        var (ticket, heir) = (order.Tickets[0], Guid.CreateVersion7());
        var offline = await MadeAsync(order, "A");
        await world.GiveAsync(ticket, order.Buyer, heir);
        var heirs = await world.CodeAsync(ticket, heir);
        Assert.Equal("admitted", (await (await world.ScanAsync(sale.EventId, heirs, "B", replica: replica.Url)).ReadAsync()).Text("result"));
        Assert.Empty(await world.ConflictsAsync(sale));

        Assert.Equal(("conflict", "already_admitted"), (await world.UploadAsync(sale, [offline]))["scan"]);
        Assert.Equal([new DoorConflict(ticket, "admitted_twice", "issued", "B", "A", "transferred")], await world.ConflictsAsync(sale));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Let_in_offline_then_given_away_and_uploaded_keeps_the_heir_out_and_says_so()
    {
        var (sale, order) = await BuyAsync(1);
        var replica = await world.SecondReplicaAsync();
        var (ticket, heir) = (order.Tickets[0], Guid.CreateVersion7());
        var offline = await MadeAsync(order, "A");
        await world.GiveAsync(ticket, order.Buyer, heir);
        Assert.Equal(("accepted", "ok"), (await world.UploadAsync(sale, [offline], replica: replica.Url))["scan"]);
        Assert.Equal([new DoorConflict(ticket, "changed_since", "issued", "A", null, "transferred")], await world.ConflictsAsync(sale));
        var heirs = await (await world.ScanAsync(sale.EventId, await world.CodeAsync(ticket, heir), "B")).ReadAsync();
        Assert.Equal(("already_admitted", "A"), (heirs.Text("reason"), heirs.GetProperty("firstAdmitted").Text("gate")));
    }

    [Fact]
    public async Task An_earlier_owners_code_that_a_stale_pack_let_in_is_listed_alone_and_then_beside_the_heir()
    {
        var (sale, order) = await BuyAsync(1);
        var (ticket, heir) = (order.Tickets[0], Guid.CreateVersion7());
        var code = await world.CodeAsync(ticket, order.Buyer);
        await world.GiveAsync(ticket, order.Buyer, heir);
        Assert.Equal(("refused", "transferred_code"), (await world.UploadAsync(sale, [new OfflineScanMade("scan", code, Now, "A")]))["scan"]);
        Assert.Equal([new DoorConflict(ticket, "not_counted", "issued", "A", null, "")], await world.ConflictsAsync(sale));
        await (await world.ScanAsync(sale.EventId, await world.CodeAsync(ticket, heir), "B")).ReadAsync();
        Assert.Equal([new DoorConflict(ticket, "admitted_twice", "issued", "B", "A", "")], await world.ConflictsAsync(sale));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Let_in_offline_then_refunded_or_blocked_counts_and_is_listed_until_the_block_is_lifted()
    {
        var (sale, order) = await BuyAsync(3);
        var (refunded, blocked, blockedForAWhile) = (order.Tickets[0], order.Tickets[1], order.Tickets[2]);
        var scans = new List<OfflineScanMade>();
        foreach (var (ticket, gate) in order.Tickets.Zip(["A", "B", "C"])) scans.Add(new OfflineScanMade(gate, await world.CodeAsync(ticket, order.Buyer), Now, gate));
        await (await world.RefundAsync(order, [refunded], Roles.VenueManager)).ReadAsync(HttpStatusCode.Created);
        foreach (var ticket in new[] { blocked, blockedForAWhile }) await (await world.BlockAsync(ticket)).ReadAsync();
        await (await world.BlockAsync(blockedForAWhile, "unblock")).ReadAsync();

        Assert.All((await world.UploadAsync(sale, scans)).Values, result => Assert.Equal(("accepted", "ok"), result));
        DoorConflict[] listed = [new(refunded, "changed_since", "refunded", "A", null, "refunded"), new(blocked, "changed_since", "blocked", "B", null, "blocked")];
        Assert.Equal(listed, await world.ConflictsAsync(sale, pageSize: 1));
        await (await world.BlockAsync(blocked, "unblock")).ReadAsync();
        Assert.Equal(listed[..1], await world.ConflictsAsync(sale));
        Assert.Equal(3, await world.Ask<int>("select count(*)::int from tickets.admissions where event_id = @EventId", new { sale.EventId }));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Let_in_offline_while_it_was_blocked_does_not_count_and_is_listed()
    {
        var (sale, order) = await BuyAsync(1);
        await (await world.BlockAsync(order.Tickets[0])).ReadAsync();
        await world.Sql("update tickets.tickets set status = 'issued' where id = @Id", new { Id = order.Tickets[0] });   // it shows no code while it is blocked
        var code = await world.CodeAsync(order.Tickets[0], order.Buyer);
        var during = await world.Ask<DateTimeOffset>("select min(at) + interval '1 microsecond' from tickets.ticket_changes where ticket_id = @Id", new { Id = order.Tickets[0] });
        Assert.Equal(("refused", "blocked"), (await world.UploadAsync(sale, [new OfflineScanMade("scan", code, during, "A")]))["scan"]);
        Assert.Equal([new DoorConflict(order.Tickets[0], "not_counted", "issued", "A", null, "unblocked")], await world.ConflictsAsync(sale));
    }

    [Fact]
    public async Task Let_in_offline_before_the_event_was_cancelled_counts()
    {
        var (sale, order) = await BuyAsync(2);
        var scans = new[] { await MadeAsync(order, "A", "before"), new OfflineScanMade("after", await world.CodeAsync(order.Tickets[1], order.Buyer), Now.AddSeconds(90), "A") };
        await world.MoveAsync(sale.EventId, "cancelled");
        var results = await world.UploadAsync(sale, scans);
        Assert.Equal([("accepted", "ok"), ("refused", "cancelled")], [results["before"], results["after"]]);
    }

    [Fact]
    public async Task Nothing_counts_before_the_ticket_was_sold_ahead_of_the_clock_or_outside_of_check_in()
    {
        var (sale, order) = await BuyAsync(1);
        var code = await world.CodeAsync(order.Tickets[0], order.Buyer);
        var online = await (await world.ScanAsync(sale.EventId, code, "north")).ReadAsync();
        var results = await world.UploadAsync(sale, [new("ghost", code, Now.AddDays(-6), "ghost"), new("before it was sold", code, Now.AddMinutes(-30), "ghost"), new("ahead", code, Now.AddMinutes(59), "ghost"), new("a little ahead", code, Now.AddSeconds(90), "ghost")]);
        Assert.Equal([("refused", "too_early"), ("refused", "too_early"), ("refused", "too_early"), ("conflict", "already_admitted")],
            new[] { "ghost", "before it was sold", "ahead", "a little ahead" }.Select(id => results[id]));
        var again = await (await world.ScanAsync(sale.EventId, code, "south")).ReadAsync();
        Assert.Equal(("north", online.Instant("scannedAt")), (again.GetProperty("firstAdmitted").Text("gate"), again.GetProperty("firstAdmitted").Instant("at")));

        var nextYear = await world.PutOnSaleAsync(5, new SaleOptions { StartsIn = TimeSpan.FromDays(100) });
        var early = (await world.BuyCodesAsync(nextYear))[0].Code;
        Assert.Equal("too_early", (await (await world.ScanAsync(nextYear.EventId, early)).ReadAsync()).Text("reason"));
        Assert.Equal(("refused", "too_early"), (await world.UploadAsync(nextYear, [new OfflineScanMade("1", early, Now)]))["1"]);
        Assert.Equal(0, await world.Ask<int>("select count(*)::int from tickets.admissions where event_id = @EventId", new { nextYear.EventId }));
    }

    [Fact]
    public async Task A_rotating_codes_step_is_compared_with_the_time_of_its_scan_and_lets_in_once()
    {
        var sale = await world.PutOnSaleAsync(5, new SaleOptions { Event = new Dictionary<string, object?> { ["codePolicy"] = "rotating", ["reEntry"] = true } });
        var code = (await world.BuyCodesAsync(sale))[0].Code;
        await world.AgeTicketsAsync(sale, TimeSpan.FromMinutes(10));
        var shown = Now;
        var results = await world.UploadAsync(sale, [new("old", code, shown.AddSeconds(-100)), new("stale", code, shown.AddSeconds(100)), new("good", code, shown), new("out", code, shown.AddSeconds(1), Direction: "out")]);
        Assert.Equal([("refused", "expired_code"), ("refused", "expired_code"), ("accepted", "ok"), ("accepted", "ok")], new[] { "old", "stale", "good", "out" }.Select(id => results[id]));
        Assert.Equal("expired_code", (await (await world.ScanAsync(sale.EventId, code)).ReadAsync()).Text("reason"));
    }

    [Fact]
    public async Task An_id_belongs_to_one_code_in_one_upload_and_in_the_next()
    {
        var (sale, order) = await BuyAsync(4);
        var codes = new List<string>();
        foreach (var ticket in order.Tickets) codes.Add(await world.CodeAsync(ticket, order.Buyer));
        var scanner = await world.ActivateScannerAsync(sale, "A");
        Assert.Equal(("accepted", "ok"), (await world.UploadAsync(sale, [new OfflineScanMade("1", codes[0], Now, "A")], scanner))["1"]);
        var reused = new OfflineScanMade("1", codes[1], Now, "A");
        for (var round = 0; round < 2; round++) Assert.Equal(("refused", "scan_id_reused"), (await world.UploadAsync(sale, [reused], scanner))["1"]);
        Assert.Equal(("accepted", "ok"), (await world.UploadAsync(sale, [new OfflineScanMade("1", codes[0] + "\r\n", Now, "A")], scanner))["1"]);

        using var client = world.As(scanner);
        using var answer = await client.PostAsync("/api/v1/scans/batch", new { eventId = sale.EventId, scans = new[] { Scan("77", codes[2]), Scan("77", codes[3]), Scan("77", codes[2]) } });
        Assert.Equal(["accepted ok", "refused scan_id_reused", "accepted ok"], (await answer.ReadAsync()).Items("results").Select(r => $"{r.Text("outcome")} {r.Text("reason")}"));
        Assert.Equal([("not_counted", order.Tickets[1]), ("not_counted", order.Tickets[3])], (await world.ConflictsAsync(sale)).Select(c => (c.Kind, c.TicketId)));
        Assert.Equal("admitted", (await (await world.ScanAsync(sale.EventId, codes[1], "B")).ReadAsync()).Text("result"));
        Assert.Contains(new DoorConflict(order.Tickets[1], "admitted_twice", "issued", "B", "A", ""), await world.ConflictsAsync(sale));
    }

    [Fact]
    public async Task Two_uploads_at_once_that_use_an_id_for_two_codes_lose_neither()
    {
        var (sale, order) = await BuyAsync(2);
        var codes = new[] { await world.CodeAsync(order.Tickets[0], order.Buyer), await world.CodeAsync(order.Tickets[1], order.Buyer) };
        var replica = await world.SecondReplicaAsync();
        var scanner = await world.ActivateScannerAsync(sale, "A");
        Task<Dictionary<string, (string Outcome, string Reason)>[]> both;
        await using (await world.HoldUpInsertsAsync("tickets.ticket_validations"))
        {
            both = Task.WhenAll(codes.Select((code, n) => world.UploadAsync(sale, [new OfflineScanMade("1", code, Now, "A")], scanner, n == 0 ? null : replica.Url)));
            await world.UntilWaitingAsync(2);
        }
        Assert.Equal([("accepted", "ok"), ("refused", "scan_id_reused")], (await both).Select(r => r["1"]).Order());
        Assert.Equal("not_counted", Assert.Single(await world.ConflictsAsync(sale)).Kind);
    }

    [Fact]
    public async Task Ids_are_a_scanners_or_a_persons_own_and_staff_cannot_speak_for_a_scanner()
    {
        var (sale, order) = await BuyAsync(2);
        var codes = new[] { await world.CodeAsync(order.Tickets[0], order.Buyer), await world.CodeAsync(order.Tickets[1], order.Buyer) };
        var scanner = await world.ActivateScannerAsync(sale, "A");
        using var staff = world.Tickets(Roles.VenueStaff);
        foreach (var (path, body) in new (string, object)[]
        {
            ("/api/v1/scans/batch", new { eventId = sale.EventId, deviceId = scanner.Id, scans = new[] { Scan("scan-1", "garbage") } }),
            ("/api/v1/scans", new { eventId = sale.EventId, deviceId = scanner.Id, code = codes[0] }),
        })
        {
            using var refused = await staff.PostAsync(path, body);
            Assert.Equal("/deviceId", (await refused.ReadAsync(HttpStatusCode.UnprocessableEntity)).Items("errors").Single().Text("pointer"));
        }
        Assert.Equal(("refused", "malformed"), (await world.UploadAsync(sale, [new OfflineScanMade("scan-1", "garbage", Now)]))["scan-1"]);
        Assert.Equal(("accepted", "ok"), (await world.UploadAsync(sale, [new OfflineScanMade("scan-1", codes[0], Now, "A")], scanner))["scan-1"]);
        Assert.Equal("already_admitted", (await (await world.ScanAsync(sale.EventId, codes[0])).ReadAsync()).Text("reason"));

        // Two people with phones that count their scans, and neither says which phone.
        var scans = new[] { new OfflineScanMade("1", codes[1], Now, "B"), new OfflineScanMade("1", codes[1], Now.AddSeconds(1), "B") };
        Assert.Equal(("accepted", "ok"), (await world.UploadAsync(sale, scans[..1]))["1"]);
        Assert.Equal(("conflict", "already_admitted"), (await world.UploadAsync(sale, scans[1..]))["1"]);
        Assert.Equal(("accepted", "ok"), (await world.UploadAsync(sale, scans[..1]))["1"]);   // the first phone's, in other hands
        Assert.Equal(new DoorConflict(order.Tickets[1], "admitted_twice", "issued", "B", "B", ""), Assert.Single(await world.ConflictsAsync(sale)));
    }

    [Fact]
    public async Task What_hand_scanners_send_around_a_code_is_taken_off_on_every_way_in()
    {
        var (sale, order) = await BuyAsync(1);
        var code = await world.CodeAsync(order.Tickets[0], order.Buyer);
        string[] read = [code + "\n", code + "\r", code + "\r\n", code + "\t", code + " ", " " + code, "]Q1" + code, "\uFEFF" + code, "\uFEFF]Q3 " + code + "\t\r\n"];
        foreach (var text in read)
            Assert.Equal("not_inside", (await (await world.ScanAsync(sale.EventId, text, direction: "out")).ReadAsync()).Text("reason"));
        var results = await world.UploadAsync(sale, read.Select((text, n) => new OfflineScanMade($"{n}", text, Now, "A", "out")));
        Assert.All(results.Values, result => Assert.Equal(("refused", "not_inside"), result));
        Assert.Equal(read.Length, results.Count);
        Assert.Equal("admitted", (await (await world.ScanAsync(sale.EventId, "]Q1" + code + "\r\n")).ReadAsync()).Text("result"));
        Assert.Equal("malformed", (await (await world.ScanAsync(sale.EventId, code.Insert(TicketCodes.StaticCharacters / 2, "\n"))).ReadAsync()).Text("reason"));
    }

    private async Task<(Sale Sale, Bought Order)> BuyAsync(int quantity)
    {
        var sale = await world.PutOnSaleAsync(5);
        return (sale, await world.BoughtAsync(sale, quantity));
    }

    private async Task<OfflineScanMade> MadeAsync(Bought order, string gate, string id = "scan") =>
        new(id, await world.CodeAsync(order.Tickets[0], order.Buyer), Now, gate);

    private static object Scan(string id, string code) => new { id, code, scannedAt = Now, gate = "A" };
}
