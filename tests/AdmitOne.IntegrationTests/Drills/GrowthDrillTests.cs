using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using Dapper;
using Microsoft.IdentityModel.JsonWebTokens;

namespace AdmitOne.IntegrationTests.Drills;

/// <summary>
/// An event of three hundred thousand tickets, all of them admitted, works everywhere, with the roles as they are shipped: every report, every list, every
/// export and every sweep is asked. The short form asks the same of few rows.
/// </summary>
public sealed class GrowthDrillTests(GrowthDrillTests.Growing world) : IClassFixture<GrowthDrillTests.Growing>
{
    public sealed class Growing(Stack stack) : World(stack, [("RATE_LIMIT_ADMIN_MAX", "10000"), ("RATE_LIMIT_READ_MAX", "10000")]);

    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(30);   // of a step, on a machine that others use too

    private readonly List<IReadOnlyList<string>> _rows = [];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public Task Every_report_list_export_and_sweep_of_a_small_event_is_right() => DrillAsync(6_000, report: false);

    /// <summary>UPDATE_DOCS=1 ./test --long --filter-class '*GrowthDrillTests' writes the figures to docs/drills.md.</summary>
    [Fact, Trait("Category", "Long")]
    public Task Every_report_list_export_and_sweep_of_three_hundred_thousand_tickets_answers() => DrillAsync(300_000, report: true);

    private async Task DrillAsync(int tickets, bool report)
    {
        var sale = await world.PutOnSaleAsync(tickets + 100);
        await world.FillAsync(sale, tickets);
        await ForgetCountsAsync();
        await AskAllAsync(sale, tickets, "not counted yet");
        await using (var connection = await world.ConnectAsync()) await connection.ExecuteAsync("vacuum (analyze)", commandTimeout: 600);
        await AskAllAsync(sale, tickets, "counted");
        await ManySalesReportsAsync(sale);
        if (report) await SlowReadersAsync(sale);   // what fewer tickets make fits into the buffers between
        await SweepAllAsync();
        await world.AssertBooksAreRightAsync(sale.EventId);
        if (report) Report(tickets).Write("growth");
    }

    // A service that counted the tables while the rows were being written has found pages and no rows in them: such counts no sale leaves behind.
    private async Task ForgetCountsAsync() => await world.Sql("""
        update pg_class set reltuples = -1, relpages = 0 where relnamespace = 'tickets'::regnamespace and relkind in ('r', 'i');
        delete from pg_statistic using pg_class c where c.oid = starelid and c.relnamespace = 'tickets'::regnamespace
        """);

    private async Task AskAllAsync(Sale sale, int tickets, string state)
    {
        using var manager = world.Tickets(Roles.VenueManager, tenant: sale.Tenant);
        using var admin = world.Tickets(Roles.Admin, tenant: sale.Tenant);
        using var staff = world.Tickets(Roles.VenueStaff, tenant: sale.Tenant);
        var ofEvent = $"/api/v1/events/{sale.EventId}";

        var sales = await TimeAsync(state, "sales", () => manager.GetJsonAsync($"{ofEvent}/sales"));
        Assert.Equal((tickets, tickets), ((int)sales.GetProperty("totals").Number("sold"), (int)sales.GetProperty("totals").Number("scanned")));
        Assert.Equal(tickets, sales.Items("days").Sum(day => (int)day.Number("sold")));
        var door = await TimeAsync(state, "door", () => staff.GetJsonAsync($"{ofEvent}/door"));
        Assert.Equal((tickets, tickets, 20), ((int)door.Number("admitted"), (int)door.Number("expected"), door.Items("gates").Count));
        var verified = await TimeAsync(state, "inventory/verify, one event", () => admin.GetJsonAsync($"/api/v1/admin/inventory/verify?eventId={sale.EventId}"));
        Assert.Empty(verified.Items("problems"));
        Assert.Empty((await TimeAsync(state, "inventory/verify, all", () => admin.GetJsonAsync("/api/v1/admin/inventory/verify"))).Items("problems"));

        foreach (var list in new[] { "tickets", $"tickets?eventId={sale.EventId}", $"tickets?eventId={sale.EventId}&admitted=true", "tickets?admitted=false", "tickets?status=refunded", "orders", $"orders?eventId={sale.EventId}", "orders?status=refunded" })
            await PagesAsync(manager, list, state, list.Replace(sale.EventId.ToString(), "…", StringComparison.Ordinal));

        var csv = await TimeAsync(state, "orders.csv", () => manager.GetByteArrayAsync($"{ofEvent}/orders.csv", Stop), tickets);
        Assert.Equal([0xEF, 0xBB, 0xBF], csv[..3]);
        Assert.Equal(tickets + 1, csv.Count(b => b == '\n'));
        var pack = await TimeAsync(state, "door-pack", () => staff.GetByteArrayAsync($"{ofEvent}/door-pack", Stop), tickets);
        using var packed = JsonDocument.Parse(pack);
        Assert.Equal(tickets, packed.RootElement.GetProperty("records").GetArrayLength());
        var cursor = packed.RootElement.GetProperty("cursor").GetString();
        await TimeAsync(state, "door-pack, a delta", () => staff.GetByteArrayAsync($"{ofEvent}/door-pack?since={cursor}", Stop));
    }

    /// <summary>The first page, and one far down.</summary>
    private async Task PagesAsync(HttpClient manager, string list, string state, string name)
    {
        var and = list.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        var page = await TimeAsync(state, name, () => manager.GetJsonAsync($"/api/v1/{list}{and}limit=100"));
        if (page.GetProperty("nextCursor").GetString() is null) return;
        // A cursor from the middle of the list is made of the row there, as the list itself makes one.
        var table = list.StartsWith("orders", StringComparison.Ordinal) ? "orders" : "tickets";
        var middle = await world.Ask<Middle>($"select id, created_at from tickets.{table} order by created_at offset (select count(*) / 2 from tickets.{table}) limit 1");
        var cursor = Platform.Http.Cursor.Write(new Platform.Http.NewestFirst(middle!.CreatedAt, middle.Id));
        page = await TimeAsync(state, name + ", in the middle", () => manager.GetJsonAsync($"/api/v1/{list}{and}limit=100&cursor={cursor}"));
        Assert.Equal(100, page.Items("items").Count);
    }

    /// <summary>Thirty at once of one organiser: they share one, and another organiser buys meanwhile as if they were not there.</summary>
    private async Task ManySalesReportsAsync(Sale sale)
    {
        var other = await world.PutOnSaleAsync(50, new SaleOptions { Tenant = world.OtherTenant });
        var reports = Enumerable.Range(0, 30).Select(async _ =>
        {
            using var manager = world.Tickets(Roles.VenueManager, tenant: sale.Tenant);
            using var answer = await manager.GetAsync($"/api/v1/events/{sale.EventId}/sales", Stop);
            if (answer.StatusCode == HttpStatusCode.TooManyRequests) Assert.NotNull(answer.Headers.RetryAfter);
            return answer.StatusCode;
        }).ToArray();
        var slowest = TimeSpan.Zero;
        for (var n = 0; n < 10; n++)
        {
            var begun = Stopwatch.GetTimestamp();
            await (await world.BuyAsync(other)).ReadAsync(HttpStatusCode.Created);
            slowest = Stopwatch.GetElapsedTime(begun) is var took && took > slowest ? took : slowest;
        }
        var statuses = await Task.WhenAll(reports);
        Assert.All(statuses, status => Assert.True(status is HttpStatusCode.OK or HttpStatusCode.TooManyRequests, $"{status}"));
        Assert.Contains(HttpStatusCode.OK, statuses);
        _rows.Add(["counted", $"30 × sales at once: {statuses.Count(s => s == HttpStatusCode.OK)} answered; slowest purchase of another organiser meanwhile", Seconds(slowest), ""]);
        Assert.True(slowest < s_longest, $"{slowest}");
    }

    /// <summary>Readers that stop keep their calls open and no connection; a caller has four of them, and nobody else is held up.</summary>
    private async Task SlowReadersAsync(Sale sale)
    {
        var person = Guid.CreateVersion7();
        using var manager = world.Tickets(Roles.VenueManager, person, sale.Tenant);
        var path = $"/api/v1/events/{sale.EventId}/orders.csv";
        var slow = new List<HttpResponseMessage>();
        for (var n = 0; n < 4; n++) slow.Add(await manager.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, Stop));
        Assert.All(slow, answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        await World.UntilAsync("no export has a connection", async () => await world.Ask<long>("select count(*) from pg_stat_activity where usename = 'admitone_tickets' and state <> 'idle' and query like '%tickets.orders%'") == 0);

        using var fifth = await manager.GetAsync(path, Stop);
        Assert.Equal("too_many_at_once", await fifth.RefusedAsync(HttpStatusCode.TooManyRequests));
        Assert.NotNull(fifth.Headers.RetryAfter);
        using var colleague = world.Tickets(Roles.VenueManager, tenant: sale.Tenant);
        await TimeAsync("counted", "orders.csv while four readers have stopped", () => colleague.GetByteArrayAsync(path, Stop), rows: 300_000);

        // What was begun with a token that is revoked is cut off, and does not look whole.
        using var admin = world.Tickets(Roles.Admin, tenant: sale.Tenant);
        using var done = await admin.PostAsync("/api/v1/admin/tokens/revoke", new { jti = new JsonWebToken(manager.DefaultRequestHeaders.Authorization!.Parameter).Id });
        Assert.Equal(HttpStatusCode.NoContent, done.StatusCode);
        var begun = Stopwatch.GetTimestamp();
        using var signedInAgain = world.Tickets(Roles.VenueManager, person, sale.Tenant);
        await World.UntilAsync("the person may ask again", async () =>
        {
            using var again = await signedInAgain.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, Stop);
            return again.StatusCode == HttpStatusCode.OK;
        });
        _rows.Add(["counted", "orders.csv of a token that was revoked: cut off after", Seconds(Stopwatch.GetElapsedTime(begun)), ""]);
        foreach (var answer in slow)
        {
            await Assert.ThrowsAnyAsync<IOException>(async () => await (await answer.Content.ReadAsStreamAsync(Stop)).CopyToAsync(Stream.Null, Stop));
            answer.Dispose();
        }
    }

    /// <summary>Every row may stay, so a sweep looks at each of them and removes none; and as many attempts that were refused go.</summary>
    private async Task SweepAllAsync()
    {
        var rows = await world.Ask<int>("select count(*)::int from tickets.ticket_validations");
        await using (var connection = await world.ConnectAsync()) await connection.ExecuteAsync("""
            insert into tickets.ticket_validations (tenant_id, id, ticket_id, event_id, direction, result, reason, gate, scanned_at, received_at)
            select tenant_id, gen_random_uuid(), ticket_id, event_id, 'in', 'refused', 'already_admitted', gate, scanned_at, received_at from tickets.ticket_validations;
            """, commandTimeout: 600);
        Assert.Equal(rows, await SweepAsync("tickets.sweep_scans", "of as many scans that stay and as many that go"));
        Assert.Equal(rows, await world.Ask<int>("select count(*)::int from tickets.ticket_validations"));
        foreach (var sweep in new[] { "tickets.sweep_uploads", "tickets.sweep_texts", "tickets.sweep_deliveries", "platform.sweep_messages", "platform.sweep_receipts" })
            Assert.Equal(0, await SweepAsync(sweep, "nothing old"));
    }

    private async Task<int> SweepAsync(string function, string what)
    {
        var (removed, steps, longest, begun) = (0, 0, TimeSpan.Zero, Stopwatch.GetTimestamp());
        string? after = null;
        do
        {
            var step = Stopwatch.GetTimestamp();
            var row = (await world.TicketsDatabase.SweepForAllTenantsAsync<SweepStep>($"select removed, next from {function}(interval '400 days', 2000, @after)", new { after }, Stop))[0];
            longest = Stopwatch.GetElapsedTime(step) is var took && took > longest ? took : longest;
            (removed, after, steps) = (removed + row.Removed, row.Next, steps + 1);
        }
        while (after is not null);
        _rows.Add(["counted", $"{function}, {what}: the longest of {steps} steps", Seconds(longest), steps > 1 ? $"{Seconds(Stopwatch.GetElapsedTime(begun))} s for {removed:N0}" : ""]);
        Assert.True(longest < s_longest, $"{function}: {longest}");
        return removed;
    }

    private async Task<T> TimeAsync<T>(string state, string what, Func<Task<T>> askAsync, int rows = 0)
    {
        var begun = Stopwatch.GetTimestamp();
        var answer = await askAsync();
        var took = Stopwatch.GetElapsedTime(begun);
        _rows.Add([state, what, Seconds(took), rows == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{rows / took.TotalSeconds:N0} rows/s")]);
        Assert.True(took < (rows == 0 ? s_longest : 3 * s_longest), $"{what}: {took}");
        return answer;
    }

    private DrillReport Report(int tickets) => new(
        "An event of 300 000 tickets, all admitted: every report, list, export and sweep", "UPDATE_DOCS=1 ./test --long --filter-class '*GrowthDrillTests'",
        [new("tickets, orders, payments, scans and admissions each", tickets.ToString("N0", CultureInfo.InvariantCulture))],
        ["PostgreSQL has", "what", "took, s", "rate"], _rows);

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("F2", CultureInfo.InvariantCulture);

    private sealed class Middle
    {
        public Guid Id { get; init; }
        public DateTimeOffset CreatedAt { get; init; }
    }

    private sealed class SweepStep
    {
        public int Removed { get; init; }
        public string? Next { get; init; }
    }
}
