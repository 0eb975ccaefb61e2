using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Commands;

/// <summary>With the limits that people have: a rehearsal must work against them.</summary>
public sealed class LimitedRehearsals(Stack stack) : World(stack, [("ENABLE_RATE_LIMITING", "true")]);

/// <summary><c>admitone rehearse</c>: an on-sale of a copy.</summary>
public sealed class RehearsalTests(LimitedRehearsals world) : IClassFixture<LimitedRehearsals>
{
    [Fact]
    public async Task A_rehearsal_counts_what_the_database_counts_and_leaves_the_event_alone()
    {
        var sale = await world.PutOnSaleAsync(quantity: 40);
        var before = await OriginalAsync(sale);
        var folder = Directory.CreateTempSubdirectory();
        var (json, report) = (Path.Combine(folder.FullName, "r.json"), Path.Combine(folder.FullName, "r.md"));
        var run = await RehearseAsync(("JWT_SECRET", world.TicketsSettings["JWT_SECRET"]!), "--event", $"{sale.EventId}", "--curve", "60 in 3s", "--json", json, "--report", report);
        Assert.True(run.ExitCode == 0, run.Output + run.Errors);

        var result = JsonDocument.Parse(await File.ReadAllTextAsync(json, TestContext.Current.CancellationToken)).RootElement;
        var copy = result.Id("copyId");
        var kept = await world.Ask<(int Orders, int Tickets, int Issued, string Visibility, string Status)>("""
            select (select count(*)::int from tickets.orders where event_id = @copy), (select count(*)::int from tickets.tickets where event_id = @copy),
                   (select count(*)::int from tickets.tickets where event_id = @copy and status = 'issued'), e.visibility, e.status from events.events e where e.id = @copy
            """, new { copy });
        Assert.Equal((40, 40, 60), ((int)result.Number("ticketsSold"), (int)result.Number("buyersServed"), (int)result.Number("arrivals")));
        Assert.Equal((40, 40, 0, "unlisted", "cancelled"), kept);
        Assert.Equal(20, result.GetProperty("refused").EnumerateObject().Sum(code => code.Value.GetInt32()));
        Assert.Empty(result.GetProperty("errors").EnumerateObject());
        Assert.Equal((40, 0, 40, 0), ((int)result.GetProperty("books").Number("sold"), (int)result.GetProperty("books").Number("held"),
            (int)result.GetProperty("books").Number("promised"), (int)result.GetProperty("books").Number("missingTickets")));
        var pay = result.Items("steps").Single(step => step.Text("step") == "pay");
        Assert.Equal(40, pay.Number("count"));
        Assert.True(result.Items("pressures").Count > 0 && result.GetProperty("silentServices").GetArrayLength() == 0, "The services' own metrics were read.");
        Assert.Contains("40 sold + 0 held of 40", await File.ReadAllTextAsync(report, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(before, await OriginalAsync(sale));
        folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData(null, null, "JWT_SECRET is not set")]
    [InlineData("0123456789abcdef0123456789abcdef-of-another", null, "does not accept the tokens made here")]
    [InlineData("0123456789abcdef0123456789abcdef-of-another", "production", "this is production")]
    public async Task It_says_why_it_cannot_be_played(string? secret, string? environment, string why)
    {
        var sale = await world.PutOnSaleAsync(quantity: 1);
        var run = await RehearseAsync(("JWT_SECRET", secret), [("ENVIRONMENT", environment)], "--event", $"{sale.EventId}");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(why, run.Errors, StringComparison.Ordinal);
        Assert.Equal(0, await world.Ask<int>("select count(*)::int from events.events where name like 'Rehearsal of%' and visibility = 'public'"));
    }

    private Task<CommandRun> RehearseAsync((string, string?) secret, params string[] arguments) => RehearseAsync(secret, [], arguments);

    private Task<CommandRun> RehearseAsync((string, string?) secret, (string, string?)[] more, params string[] arguments) => CommandRun.StartAsync([secret, .. more],
        ["rehearse", "--events", $"{world.EventsUrl}", "--tickets", $"{world.TicketsUrl}", "--tenant", $"{world.Tenant}", .. arguments]);

    private async Task<(int Quantity, int Held, int Sold, string Status, int Version)> OriginalAsync(Sale sale) =>
        await world.Ask<(int, int, int, string, int)>("""
            select s.quantity, s.held, s.sold, e.status, e.version from tickets.stock s join events.events e on e.id = s.event_id where s.ticket_type_id = @TicketTypeId
            """, sale);
}
