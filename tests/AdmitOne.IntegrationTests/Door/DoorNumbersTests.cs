using System.Net;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Door;

public sealed class OneDoorPage(Stack stack) : World(stack, [("DOOR_STREAMS_MAX", "1")]);

/// <summary>How it goes at the door, once and as it happens; and what is counted without being written down.</summary>
public sealed class DoorNumbersTests(OneDoorPage world) : IClassFixture<OneDoorPage>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_numbers_count_each_ticket_once_by_its_gate_and_only_the_valid_ones_are_expected()
    {
        var sale = await world.PutOnSaleAsync(10, new SaleOptions { Event = new Dictionary<string, object?> { ["reEntry"] = true } });
        var codes = await world.BuyCodesAsync(sale, 6);
        await world.Sql("update tickets.tickets set status = 'refunded' where id = @TicketId", new { codes[5].TicketId });
        foreach (var (n, gate, direction) in new[] { (0, "North", "in"), (1, "North", "in"), (2, "South", "in"), (0, "South", "out"), (0, "South", "in"), (1, "South", "out"), (5, "North", "in"), (2, "South", "in") })
            await (await world.ScanAsync(sale.EventId, codes[n].Code, gate, direction)).ReadAsync();
        using var staff = world.Tickets(Roles.VenueStaff);
        var door = await staff.GetJsonAsync($"/api/v1/events/{sale.EventId}/door");
        Assert.Equal((3, 2, 5), (door.Number("admitted"), door.Number("inside"), door.Number("expected")));
        Assert.Equal([("North", 2, 1), ("South", 1, 1)], door.Items("gates").Select(g => (g.Text("gate"), g.Number("admitted"), g.Number("inside"))));
        Assert.Equal(3, door.Items("perMinute").Sum(m => m.Number("admitted")));
        Assert.Equal("not_found", await (await staff.GetAsync($"/api/v1/events/{Guid.CreateVersion7()}/door", Cancellation)).RefusedAsync(HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task A_page_that_stays_open_is_told_what_changes_and_the_one_too_many_is_sent_away()
    {
        var sale = await world.PutOnSaleAsync(5);
        var code = (await world.BuyCodesAsync(sale))[0].Code;
        using var staff = world.Tickets(Roles.VenueStaff);
        using (var stream = await OpenAsync(staff, sale))
        {
            Assert.Equal("text/event-stream", stream.Content.Headers.ContentType?.MediaType);
            using var reader = new StreamReader(await stream.Content.ReadAsStreamAsync(Cancellation));
            Assert.Equal(0, (await NextAsync(reader)).Number("admitted"));
            using (var second = await OpenAsync(staff, sale)) Assert.Equal("overloaded", await second.RefusedAsync(HttpStatusCode.ServiceUnavailable));
            await (await world.ScanAsync(sale.EventId, code)).ReadAsync();
            Assert.Equal((1, 1), (await NextAsync(reader)) is var told ? (told.Number("admitted"), told.Number("inside")) : default);
        }
        // Whoever leaves makes room.
        await World.UntilAsync(async () => { using var again = await OpenAsync(staff, sale); return again.StatusCode == HttpStatusCode.OK; });
    }

    [Fact]
    public async Task Texts_that_are_no_code_are_counted_by_the_minute_and_leave_no_row_of_their_own()
    {
        var sale = await world.PutOnSaleAsync(5);
        for (var n = 0; n < 30; n++) Assert.Equal("malformed", (await (await world.ScanAsync(sale.EventId, $"nonsense {n}", n % 3 == 0 ? "North" : "South")).ReadAsync()).Text("reason"));
        await World.UntilAsync(async () => await world.Ask<int>("select coalesce(sum(texts), 0)::int from tickets.unreadable_scans where event_id = @EventId", new { sale.EventId }) == 30);
        Assert.True(await world.Ask<int>("select count(*)::int from tickets.unreadable_scans where event_id = @EventId", new { sale.EventId }) <= 4);   // two gates, and a minute may have ended
        Assert.Equal(0, await world.Ask<int>("select count(*)::int from tickets.ticket_validations where event_id = @EventId", new { sale.EventId }));
        using var staff = world.Tickets(Roles.VenueStaff);
        await World.UntilAsync(async () => (await staff.GetJsonAsync($"/api/v1/events/{sale.EventId}/door")).Number("unreadable") == 30);
    }

    [Fact]
    public async Task The_window_opens_and_closes_to_the_second()
    {
        var sale = await world.PutOnSaleAsync(5);
        var codes = await world.BuyCodesAsync(sale, 2);
        await world.Sql("update events.events set check_in_from = clock_timestamp() + interval '3 seconds', check_in_until = clock_timestamp() + interval '6 seconds' where id = @EventId", new { sale.EventId });
        var (from, until) = await world.Ask<(DateTime, DateTime)>("select check_in_from, check_in_until from events.events where id = @EventId", new { sale.EventId });
        var (seen, admitted) = (new HashSet<string>(), 0);
        await World.UntilAsync(async () =>
        {
            var scan = await (await world.ScanAsync(sale.EventId, codes[admitted].Code)).ReadAsync();
            var (reason, at) = (scan.Text("reason"), scan.Instant("scannedAt").UtcDateTime);
            Assert.Equal(at < from ? "too_early" : at >= until ? "too_late" : "ok", reason);
            if (reason == "ok") admitted = 1;
            if (admitted == 1 && reason == "ok") await Task.Delay(until - at > TimeSpan.Zero ? until - at : TimeSpan.Zero, Cancellation);
            seen.Add(reason);
            return seen.Count == 3;
        });
    }

    private static Task<HttpResponseMessage> OpenAsync(HttpClient staff, Sale sale)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/events/{sale.EventId}/door") { Headers = { { "Accept", "text/event-stream" } } };
        return staff.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
    }

    private static async Task<JsonElement> NextAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync(Cancellation) is { } line)
            if (line.StartsWith("data: ", StringComparison.Ordinal)) return JsonDocument.Parse(line[6..]).RootElement;
        throw new InvalidOperationException("The stream has ended.");
    }
}
