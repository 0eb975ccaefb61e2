using System.Net;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Sales;

/// <summary>Every ticket admits one, exactly once.</summary>
public sealed class DoorTests(World world) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Fifty_gates_that_scan_one_code_in_the_same_instant_admit_it_once()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var replica = await world.SecondReplicaAsync();
        foreach (var (ticketId, code) in await world.BuyCodesAsync(sale, 5))
        {
            var scans = await Task.WhenAll(Enumerable.Range(0, 50).Select(async n =>
                (Gate: $"gate {n}", Answer: await (await world.ScanAsync(sale.EventId, code, $"gate {n}", replica: n % 2 == 0 ? replica.Url : null)).ReadAsync())));

            var admitted = scans.Single(s => s.Answer.Text("result") == "admitted");
            Assert.Equal("ok", admitted.Answer.Text("reason"));
            foreach (var refused in scans.Where(s => s.Gate != admitted.Gate).Select(s => s.Answer))
            {
                Assert.Equal(("refused", "already_admitted"), (refused.Text("result"), refused.Text("reason")));
                Assert.Equal(admitted.Gate, refused.GetProperty("firstAdmitted").Text("gate"));
                Assert.Equal(admitted.Answer.Instant("scannedAt"), refused.GetProperty("firstAdmitted").Instant("at"));
            }
            Assert.Equal(50, await world.Ask<int>("select count(*)::int from tickets.ticket_validations where ticket_id = @ticketId", new { ticketId }));
        }
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_code_admits_at_its_own_event_in_time_and_nowhere_else()
    {
        var today = await world.PutOnSaleAsync(quantity: 5);
        var nextWeek = await world.PutOnSaleAsync(quantity: 5, new SaleOptions { StartsIn = TimeSpan.FromDays(7) });
        var code = (await world.BuyCodesAsync(today))[0].Code;
        var early = (await world.BuyCodesAsync(nextWeek))[0].Code;

        await SaysAsync("wrong_event", nextWeek.EventId, code);
        await SaysAsync("too_early", nextWeek.EventId, early);
        await SaysAsync("not_inside", today.EventId, code, direction: "out");
        await SaysAsync("ok", today.EventId, code);
        await SaysAsync("ok", today.EventId, code, direction: "out");
        await SaysAsync("already_admitted", today.EventId, code);   // no re-entry unless the event allows it
        Assert.Equal("not_found", await (await world.ScanAsync(Guid.CreateVersion7(), code)).RefusedAsync(HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task Re_entry_is_possible_where_the_event_allows_it()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5, new SaleOptions { Event = new Dictionary<string, object?> { ["reEntry"] = true } });
        var code = (await world.BuyCodesAsync(sale))[0].Code;
        await SaysAsync("ok", sale.EventId, code);
        await SaysAsync("already_admitted", sale.EventId, code);
        await SaysAsync("ok", sale.EventId, code, direction: "out");
        await SaysAsync("ok", sale.EventId, code);
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Theory]
    [InlineData("status = 'blocked'", "blocked")]
    [InlineData("status = 'cancelled'", "cancelled")]
    [InlineData("status = 'refunded'", "refunded")]
    [InlineData("owner_version = 2", "transferred_code")]
    public async Task A_ticket_that_is_no_longer_good_says_why(string change, string reason)
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var (ticketId, code) = (await world.BuyCodesAsync(sale))[0];
        await world.Sql($"update tickets.tickets set {change} where id = @ticketId", new { ticketId });
        await SaysAsync(reason, sale.EventId, code);
        Assert.Equal(reason, await world.Ask<string>("select reason from tickets.ticket_validations where ticket_id = @ticketId", new { ticketId }));
    }

    [Fact]
    public async Task A_cancelled_event_lets_nobody_in()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var code = (await world.BuyCodesAsync(sale))[0].Code;
        await world.MoveAsync(sale.EventId, "cancelled");
        await SaysAsync("cancelled", sale.EventId, code);
    }

    [Fact]
    public async Task A_text_that_is_no_code_of_this_organiser_is_malformed_whatever_it_is()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var code = (await world.BuyCodesAsync(sale))[0].Code;
        string[] texts = ["hello", "%", new('A', 4000), code[..^1], code + "A", code.ToLowerInvariant(), "B" + code[1..], code[..60] + (code[60] == 'A' ? 'B' : 'A') + code[61..],
            code[..^3] + (code[^3..] == "000" ? "111" : "000"), "😀", "' or 1=1 --"];
        foreach (var text in texts) await SaysAsync("malformed", sale.EventId, text);

        var foreign = await world.PutOnSaleAsync(quantity: 5, new SaleOptions { Tenant = world.OtherTenant });
        using var answer = await world.ScanAsync(foreign.EventId, code, tenant: world.OtherTenant);
        Assert.Equal("malformed", (await answer.ReadAsync()).Text("reason"));
    }

    [Fact]
    public async Task The_code_is_the_same_as_text_and_as_pictures_and_each_time_it_is_shown()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var buyer = Guid.CreateVersion7();
        var ticket = (await (await world.BuyAsync(sale, 1, buyer)).ReadAsync(HttpStatusCode.Created)).Items("tickets")[0].Id();
        var replica = await world.SecondReplicaAsync();
        using var client = world.Tickets(Roles.Customer, buyer);
        using var there = world.Client(replica.Url, Roles.Customer, buyer);

        var codes = await Task.WhenAll(Enumerable.Range(0, 10).Select(async n => (await (n % 2 == 0 ? client : there).GetJsonAsync($"/api/v1/tickets/{ticket}/qr")).Text("code")));
        Assert.Equal(170, Assert.Single(codes.Distinct()).Length);
        using var png = await client.GetAsync($"/api/v1/tickets/{ticket}/qr?format=png", Cancellation);
        Assert.Equal("image/png", png.Content.Headers.ContentType?.MediaType);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], (await png.Content.ReadAsByteArrayAsync(Cancellation))[..4]);
        using var svg = await client.GetAsync($"/api/v1/tickets/{ticket}/qr?format=svg", Cancellation);
        Assert.StartsWith("<svg", await svg.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        Assert.Equal("validation_failed", await (await client.GetAsync($"/api/v1/tickets/{ticket}/qr?format=gif", Cancellation)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
    }

    private async Task SaysAsync(string reason, Guid eventId, string code, string direction = "in")
    {
        var answer = await (await world.ScanAsync(eventId, code, direction: direction)).ReadAsync();
        Assert.Equal((reason == "ok" ? "admitted" : "refused", reason), (answer.Text("result"), answer.Text("reason")));
    }
}
