using System.Net;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Tenancy;
using Microsoft.IdentityModel.JsonWebTokens;

namespace AdmitOne.IntegrationTests.Door;

public sealed class FewDoorPages(Stack stack) : World(stack, [("DOOR_STREAMS_PER_CALLER", "3"), ("DOOR_STREAMS_PER_TENANT", "6"), ("DB_POOL_MAX", "4")]);

/// <summary>A page of the door stays open only as long as its reader may look at it, and takes nothing away from others.</summary>
public sealed class DoorStreamTests(FewDoorPages world) : IClassFixture<FewDoorPages>
{
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(30);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_ends_when_the_readers_token_is_revoked()
    {
        var sale = await world.PutOnSaleAsync(5);
        var token = world.Token(Roles.VenueStaff);
        using var staff = world.Tickets();
        staff.DefaultRequestHeaders.Authorization = new("Bearer", token);
        using var stream = await OpenAsync(staff, sale);
        using var admin = world.Tickets(Roles.Admin);
        using var done = await admin.PostAsync("/api/v1/admin/tokens/revoke", new { jti = new JsonWebToken(token).Id });
        Assert.Equal(HttpStatusCode.NoContent, done.StatusCode);
        await EndsAsync("revoked token", stream);
    }

    [Fact]
    public async Task It_ends_when_the_scanner_is_taken_out_of_service_or_registered_anew()
    {
        var sale = await world.PutOnSaleAsync(5);
        using var manager = world.Tickets(Roles.VenueManager);
        var (revoked, rolled, left) = (await world.ActivateScannerAsync(sale, "North"), await world.ActivateScannerAsync(sale, "North"), await world.ActivateScannerAsync(sale, "North"));
        using var first = await OpenAsync(world.As(revoked), sale);
        using var second = await OpenAsync(world.As(rolled), sale);
        using var third = await OpenAsync(world.As(left), sale);
        Assert.Equal(HttpStatusCode.NoContent, (await manager.DeleteAsync($"/api/v1/devices/{revoked.Id}", Stop)).StatusCode);
        using var answer = await manager.PostAsync($"/api/v1/devices/{rolled.Id}/activation", null, Stop);
        var code = (await answer.ReadAsync(HttpStatusCode.Created)).Text("activationCode");
        using var nobody = world.Tickets();
        await (await nobody.PostAsync("/api/v1/devices/activate", new { code })).ReadAsync();
        await Task.WhenAll(EndsAsync("revoked scanner", first), EndsAsync("scanner with a new credential", second));
        await IsOpenAsync(sale, third);
    }

    [Fact]
    public async Task It_ends_when_the_organiser_is_suspended()
    {
        using var platform = world.Tickets(Roles.Admin, tenant: TenantDirectory.Platform);
        var sale = await world.PutOnSaleAsync(5, new SaleOptions { Tenant = world.OtherTenant });
        using var staff = world.Tickets(Roles.VenueStaff, tenant: world.OtherTenant);
        using var stream = await OpenAsync(staff, sale);
        await (await platform.PostAsync($"/api/v1/admin/tenants/{world.OtherTenant}/suspend", null, Stop)).ReadAsync();
        await EndsAsync("suspended organiser", stream);
        await (await platform.PostAsync($"/api/v1/admin/tenants/{world.OtherTenant}/resume", null, Stop)).ReadAsync();
    }

    [Fact]
    public async Task One_reader_and_one_organiser_have_only_so_many_and_readers_that_take_nothing_hold_no_connection()
    {
        var sale = await world.PutOnSaleAsync(20);
        var open = new List<HttpResponseMessage>();
        // Other tests of this class have pages of the same organiser open.
        using var greedy = world.Tickets(Roles.VenueStaff);
        while (await TryOpenAsync(greedy, sale) is { } stream) open.Add(stream);
        Assert.InRange(open.Count, 1, 3);
        while (true)
        {
            using var another = world.Tickets(Roles.VenueStaff);
            if (await TryOpenAsync(another, sale) is not { } stream) break;
            open.Add(stream);
        }
        Assert.InRange(open.Count, 3, 6);
        // With more pages open than the pool has connections, tickets are sold.
        for (var n = 0; n < 5; n++) await (await world.BuyAsync(sale)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(0, await world.Ask<int>("select count(*)::int from pg_stat_activity where datname = current_database() and state = 'idle in transaction' and state_change < clock_timestamp() - interval '5 seconds'"));
        foreach (var stream in open) stream.Dispose();
        await World.UntilAsync("those who leave make room", async () => { using var again = await TryOpenAsync(greedy, sale); return again is not null; });
    }

    private static async Task<HttpResponseMessage> OpenAsync(HttpClient reader, Sale sale)
    {
        var answer = await AskAsync(reader, sale);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return answer;
    }

    private static async Task<HttpResponseMessage?> TryOpenAsync(HttpClient reader, Sale sale)
    {
        var answer = await AskAsync(reader, sale);
        if (answer.StatusCode == HttpStatusCode.OK) return answer;
        Assert.Equal("overloaded", await answer.RefusedAsync(HttpStatusCode.ServiceUnavailable));
        return null;
    }

    private static Task<HttpResponseMessage> AskAsync(HttpClient reader, Sale sale) => reader.SendAsync(
        new HttpRequestMessage(HttpMethod.Get, $"/api/v1/events/{sale.EventId}/door") { Headers = { { "Accept", "text/event-stream" } } }, HttpCompletionOption.ResponseHeadersRead, Stop);

    private static async Task EndsAsync(string what, HttpResponseMessage stream)
    {
        var since = TimeProvider.System.GetTimestamp();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        patience.CancelAfter(s_longest);
        using var reader = new StreamReader(await stream.Content.ReadAsStreamAsync(patience.Token));
        while (await reader.ReadLineAsync(patience.Token) is not null) { }
        TestContext.Current.TestOutputHelper?.WriteLine($"{what}: the stream ended after {TimeProvider.System.GetElapsedTime(since).TotalSeconds:F1} s");
    }

    private async Task IsOpenAsync(Sale sale, HttpResponseMessage stream)
    {
        var code = (await world.BuyCodesAsync(sale))[0].Code;
        await (await world.ScanAsync(sale.EventId, code)).ReadAsync();
        using var reader = new StreamReader(await stream.Content.ReadAsStreamAsync(Stop));
        while (await reader.ReadLineAsync(Stop) is { } line)
            if (line.Contains("\"admitted\":1", StringComparison.Ordinal)) return;
        Assert.Fail("The stream has ended.");
    }
}
