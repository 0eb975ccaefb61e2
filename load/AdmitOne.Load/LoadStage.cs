using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.Cli.Local;
using AdmitOne.Identity;
using AdmitOne.Platform.Identity;
using Dapper;
using Npgsql;

namespace AdmitOne.Load;

internal sealed record OnSale(Guid EventId, Guid TicketTypeId);

internal sealed record BoughtTicket(Guid EventId, Guid TicketId, string Token);

internal sealed record ShownCode(Guid EventId, string Code);

/// <summary>Where the load plays: a running `admitone up`, an organiser of our own, events put on sale over HTTP, and people with tokens.</summary>
internal sealed class LoadStage : IDisposable
{
    public const int Events = 20;

    private const int TicketsEach = 200_000;
    private const int Scanners = 300;

    private static readonly TimeSpan s_tokenLifetime = TimeSpan.FromHours(6);

    private readonly HttpClient _http = new();
    private readonly TokenMint _mint;
    private readonly string[] _buyers;
    private readonly string[] _staff;
    private int _nextBuyer;
    private int _nextStaff;
    private int _promised;

    private LoadStage(RunFile run, string folder, Guid tenant, int buyers)
    {
        (Run, Folder, Tenant) = (run, folder, tenant);
        _mint = new TokenMint(new JwtOptions { Secret = LocalSecrets.Read(folder, "JWT_SECRET") }, TimeProvider.System);
        _buyers = [.. Enumerable.Range(0, buyers).Select(_ => Token(Roles.Customer))];
        _staff = [.. Enumerable.Range(0, Scanners).Select(_ => Token(Roles.VenueStaff))];
    }

    public RunFile Run { get; }

    public string Folder { get; }

    public Guid Tenant { get; }

    public IReadOnlyList<OnSale> Sales { get; private set; } = [];

    /// <summary>Tickets whose code nobody has looked at yet, and codes nobody has scanned.</summary>
    public ConcurrentQueue<BoughtTicket> Bought { get; } = new();

    public ConcurrentQueue<ShownCode> Shown { get; } = new();

    public int Promised => Volatile.Read(ref _promised);

    public IReadOnlyList<string> Buyers => _buyers;

    public static async Task<LoadStage> SetAsync(string folder, int buyers)
    {
        var run = RunFile.Read(folder);
        var tenant = Guid.CreateVersion7();
        await using (var connection = new NpgsqlConnection(run.Postgres.ConnectionString()))
        {
            // By the superuser, as there is no route for the first organiser.
            await connection.ExecuteAsync("""
                insert into platform.tenants (id, slug, name) values (@tenant, @slug, 'Load Hall');
                """, new { tenant, slug = $"load-{tenant:n}" });
        }
        var stage = new LoadStage(run, folder, tenant, buyers);
        var venue = await stage.MakeAsync(run.Venues + "/api/v1/venues", new { name = "Load Hall", address = "1 Quay Street, Rotterdam", timeZone = "Europe/Amsterdam", maxCapacity = 1_000_000 });
        var sales = new List<OnSale>();
        for (var n = 0; n < Events; n++) sales.Add(await stage.PutOnSaleAsync(venue, n));
        stage.Sales = sales;
        return stage;
    }

    /// <summary>Half of them want the first event, the others any.</summary>
    public OnSale Wished(Random random)
    {
        ArgumentNullException.ThrowIfNull(random);
        return Sales[random.Next(2) == 0 ? 0 : random.Next(Sales.Count)];
    }

    /// <summary>The next buyer. Each comes again only when all others have, so that no limit of a person's is met.</summary>
    public string NextBuyer() => _buyers[(uint)Interlocked.Increment(ref _nextBuyer) % (uint)_buyers.Length];

    public string NextScanner() => _staff[(uint)Interlocked.Increment(ref _nextStaff) % (uint)_staff.Length];

    public void Sold(Guid eventId, string token, JsonElement order)
    {
        foreach (var ticket in order.GetProperty("tickets").EnumerateArray())
        {
            Interlocked.Increment(ref _promised);
            Bought.Enqueue(new BoughtTicket(eventId, ticket.GetProperty("id").GetGuid(), token));
        }
    }

    public async Task<int> CountTicketsAsync()
    {
        await using var connection = new NpgsqlConnection(Run.Postgres.ConnectionString());
        return await connection.ExecuteScalarAsync<int>("select count(*)::int from tickets.tickets where tenant_id = @Tenant and status = 'issued'", new { Tenant });
    }

    public async Task<string> PostgresVersionAsync()
    {
        await using var connection = new NpgsqlConnection(Run.Postgres.ConnectionString());
        return (await connection.ExecuteScalarAsync<string>("select format('%s, fsync %s, shared_buffers %s', current_setting('server_version'), current_setting('fsync'), current_setting('shared_buffers'))"))!;
    }

    public void Dispose() => _http.Dispose();

    private string Token(string role)
    {
        var person = Guid.CreateVersion7();
        return _mint.Mint(new TokenHolder(Tenant, person, role, $"{person:n}@load.example"), s_tokenLifetime);
    }

    private async Task<OnSale> PutOnSaleAsync(Guid venue, int number)
    {
        // Check-in opens four hours before, so that what is sold can be scanned at once.
        var startsAt = TimeProvider.System.GetUtcNow().AddHours(3);
        var eventId = await MakeAsync(Run.Events + "/api/v1/events", new
        {
            name = $"Evening {number + 1}", description = "An event of the load test.", categorySlug = "music", venueId = venue, timeZone = "Europe/Amsterdam",
            startsAt = Rfc3339(startsAt), endsAt = Rfc3339(startsAt.AddHours(6)), tags = new[] { "load", $"n{number}" },
        });
        var theEvent = $"{Run.Events}/api/v1/events/{eventId}";
        var section = await MakeAsync(theEvent + "/sections", new { name = "Floor", capacity = TicketsEach });
        var type = await MakeAsync($"{Run.Tickets[0]}/api/v1/events/{eventId}/ticket-types",
            new { name = "General admission", price = new { amount = 2500, currency = "EUR" }, quantity = TicketsEach, sectionId = section, maxPerOrder = 10 });
        foreach (var state in new[] { "published", "on_sale" })
        {
            using var moved = await SendAsync(theEvent + "/transitions", new { to = state });
            if (!moved.IsSuccessStatusCode && (int)moved.StatusCode != 409) throw await RefusedAsync(moved);
        }
        return new OnSale(eventId, type);
    }

    private async Task<Guid> MakeAsync(string url, object body)
    {
        using var answer = await SendAsync(url, body);
        if (!answer.IsSuccessStatusCode) throw await RefusedAsync(answer);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
    }

    // Another manager each time: a person may make few changes a minute.
    private async Task<HttpResponseMessage> SendAsync(string url, object body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = JsonContent.Create(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token(Roles.VenueManager));
        return await _http.SendAsync(request);
    }

    private static async Task<CannotRunException> RefusedAsync(HttpResponseMessage answer) =>
        new($"{answer.RequestMessage!.Method} {answer.RequestMessage.RequestUri!.AbsolutePath} answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");

    private static string Rfc3339(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
