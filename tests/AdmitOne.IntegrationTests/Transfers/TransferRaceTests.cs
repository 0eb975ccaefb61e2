using System.Net;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Transfers;

/// <summary>Two replicas, one of them a process of its own.</summary>
public sealed class TwoReplicas(Stack stack) : World(stack), IAsyncLifetime
{
    public Uri Other { get; private set; } = null!;

    async ValueTask IAsyncLifetime.InitializeAsync()
    {
        await InitializeAsync();
        if (!Stack.Current.IsMissing) Other = (await StartReplicaAsync()).Url;
    }
}

/// <summary>
/// Two things done to one ticket in the same instant, at two replicas: there are never two owners, a dead code never admits, and a live ticket is
/// never lost. Each round has a ticket and people of its own.
/// </summary>
public sealed class TransferRaceTests(TwoReplicas world) : IClassFixture<TwoReplicas>
{
    private const int AtOnce = 8;

    public static TheoryData<string, string> Pairs => new()
    {
        { "accept", "accept" }, { "accept", "scan" }, { "accept", "cancel" }, { "accept", "decline" }, { "accept", "block" },
        { "scan", "cancel" }, { "scan", "block" }, { "cancel", "cancel" }, { "cancel", "block" },
        { "refund", "accept" }, { "refund", "scan" }, { "refund", "cancel" }, { "refund", "block" },
    };

    [Theory]
    [MemberData(nameof(Pairs))]
    public Task In_thirty_rounds_a_ticket_has_one_owner_and_one_good_code(string one, string other) => RaceAsync(one, other, rounds: 30);

    [Theory]
    [MemberData(nameof(Pairs))]
    [Trait("Category", "Long")]
    public Task In_a_thousand_rounds_a_ticket_has_one_owner_and_one_good_code(string one, string other) => RaceAsync(one, other, rounds: 1000);

    private async Task RaceAsync(string one, string other, int rounds)
    {
        var sale = await world.PutOnSaleAsync(quantity: rounds, new SaleOptions { Event = new Dictionary<string, object?> { ["refundPolicy"] = new { untilHoursBefore = 0, feePercent = 10 } } });
        var ends = new List<string>();
        foreach (var chunk in Enumerable.Range(0, rounds).Chunk(AtOnce)) ends.AddRange(await Task.WhenAll(chunk.Select(n => RoundAsync(sale, one, other, n))));
        await world.AssertBooksAreRightAsync(sale.EventId);
        TestContext.Current.TestOutputHelper?.WriteLine($"{one} against {other}, {rounds} rounds: {string.Join(", ", ends.CountBy(e => e).OrderBy(e => e.Key).Select(e => $"{e.Key} {e.Value}"))}");
    }

    private async Task<string> RoundAsync(Sale sale, string one, string other, int round)
    {
        var (owner, recipient) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var ticket = await world.BuyTicketAsync(sale, owner);
        var oldCode = await world.CodeAsync(ticket, owner);
        var race = new Race(sale, ticket, await world.OfferedAsync(ticket, owner, recipient), owner, recipient, oldCode);

        var (here, there) = round % 2 == 0 ? (world.TicketsUrl, world.Other) : (world.Other, world.TicketsUrl);
        var did = await Task.WhenAll(DoAsync(one, race, here), DoAsync(other, race, there));
        await CheckAsync(race, new Did(one, did[0]), new Did(other, did[1]));
        return $"{(did[0] ? one : "-")}/{(did[1] ? other : "-")}";
    }

    /// <returns>Whether it was done; a refusal must be one of those that the other one's success explains.</returns>
    private async Task<bool> DoAsync(string what, Race race, Uri replica)
    {
        if (what == "scan")
        {
            var scan = await (await world.ScanAsync(race.Sale.EventId, race.OldCode, replica: replica)).ReadAsync();
            Assert.Contains(scan.Text("reason"), new[] { "ok", "transferred_code", "blocked", "refunded" });
            return scan.Text("result") == "admitted";
        }
        using var answer = what switch
        {
            "block" => await world.BlockAsync(race.Ticket, replica: replica),
            "refund" => await RefundAsync(race, replica),
            _ => await world.AnswerTransferAsync(race.Offer, what == "cancel" ? race.Owner : race.Recipient, what, replica),
        };
        if (answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.Created) return true;
        if (what == "refund" && answer.StatusCode == HttpStatusCode.Forbidden)
        {
            Assert.Equal("not_owner", await answer.RefusedAsync(HttpStatusCode.Forbidden));
            return false;
        }
        Assert.Contains(await answer.RefusedAsync(HttpStatusCode.Conflict), new[] { "transfer_not_offered", "ticket_used", "ticket_not_issued", "ticket_blocked" });
        return false;
    }

    private async Task<HttpResponseMessage> RefundAsync(Race race, Uri replica)
    {
        var order = await world.Ask<Guid>("select order_id from tickets.tickets where id = @Ticket", new { race.Ticket });
        using var client = world.Client(replica, Roles.Customer, race.Owner);
        return await client.PostAsync($"/api/v1/orders/{order}/refunds", new { ticketIds = new[] { race.Ticket }, reason = "Ill." }, ("Idempotency-Key", Guid.CreateVersion7().ToString()));
    }

    private async Task CheckAsync(Race race, Did one, Did other)
    {
        Did[] all = [one, other];
        bool Happened(string what) => all.Any(d => d.What == what && d.Done);
        var (accepted, refunded) = (Happened("accept"), Happened("refund"));

        // An offer ends one way; a blocked or admitted ticket is not given away, and none is given away twice.
        Assert.InRange(all.Count(d => d is { Done: true, What: "accept" or "decline" or "cancel" }), 0, 1);
        Assert.False(accepted && Happened("scan"), "Its code admitted, and somebody else has the ticket.");
        Assert.False(refunded && (accepted || Happened("scan")), "It was given back, and somebody else has it or is inside with it.");
        if (one.What == "refund" && other.What == "cancel") Assert.True(one.Done, "Its owner could not give it back.");
        if (one.What == "refund" && other.What == "block") Assert.True(one.Done != other.Done, "It was blocked and given back, or neither.");
        if (one.What == "refund" && other.What is "accept" or "scan") Assert.True(one.Done || other.Done, "Each was refused for the other.");
        if (one.What is "accept" or "cancel" && other.What is "accept" or "decline" or "cancel") Assert.True(one.Done || other.Done, "Each was refused for the other.");
        if (one.What == "scan" && other.What == "cancel") Assert.True(one.Done && other.Done, "Cancelling an offer hurt its ticket.");

        var row = await world.Ask<(Guid Owner, string Status, int OwnerVersion, int Accepted, int Admissions)>("""
            select t.user_id, t.status, t.owner_version::int, (select count(*)::int from tickets.ticket_transfers f where f.ticket_id = t.id and f.status = 'accepted'),
                   (select count(*)::int from tickets.admissions a where a.ticket_id = t.id)
              from tickets.tickets t where t.id = @Ticket
            """, new { race.Ticket });
        Assert.Equal((accepted ? race.Recipient : race.Owner, accepted ? 2 : 1, accepted ? 1 : 0), (row.Owner, row.OwnerVersion, row.Accepted));
        Assert.Equal((Happened("scan") ? 1 : 0, refunded ? "refunded" : Happened("block") ? "blocked" : "issued"), (row.Admissions, row.Status));
        if (refunded)
        {
            using var formers = world.Tickets(Roles.Customer, race.Owner);
            Assert.Equal("ticket_not_issued", await (await formers.GetAsync($"/api/v1/tickets/{race.Ticket}/qr", TestContext.Current.CancellationToken)).RefusedAsync(HttpStatusCode.Conflict));
            Assert.Equal("refunded", await ReasonAsync(race.Sale, race.OldCode));
            return;
        }

        // The one owner's code is good, unless it was used or the ticket is blocked; everything else is dead.
        var (mine, others) = accepted ? (race.Recipient, race.Owner) : (race.Owner, race.Recipient);
        using var stranger = world.Tickets(Roles.Customer, others);
        Assert.Equal("not_owner", await (await stranger.GetAsync($"/api/v1/tickets/{race.Ticket}/qr", TestContext.Current.CancellationToken)).RefusedAsync(HttpStatusCode.Forbidden));
        if (Happened("block")) await (await world.BlockAsync(race.Ticket, "unblock")).ReadAsync();
        var code = await world.CodeAsync(race.Ticket, mine);
        if (accepted) Assert.Equal("transferred_code", await ReasonAsync(race.Sale, race.OldCode));
        Assert.Equal(Happened("scan") ? "already_admitted" : "ok", await ReasonAsync(race.Sale, code));
    }

    private async Task<string> ReasonAsync(Sale sale, string code) => (await (await world.ScanAsync(sale.EventId, code)).ReadAsync()).Text("reason");

    private sealed record Race(Sale Sale, Guid Ticket, Guid Offer, Guid Owner, Guid Recipient, string OldCode);

    private sealed record Did(string What, bool Done);
}
