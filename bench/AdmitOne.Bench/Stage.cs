using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using AdmitOne.Cli.Local;
using AdmitOne.Neighbours;
using AdmitOne.Platform.Identity;
using AdmitOne.Schema;
using Dapper;
using Npgsql;

namespace AdmitOne.Bench;

/// <summary>An event on sale with one ticket type, made for one measurement.</summary>
internal sealed record Sale(Guid EventId, Guid SectionId, Guid TicketTypeId);

/// <summary>Where the load plays: a running `admitone up`, an organiser and buyers of our own, and events put on sale over HTTP.</summary>
internal sealed class Stage : IDisposable
{
    public const int Buyers = 20_000;

    private const int Tickets = 1_000_000;
    private const string KeyPlaceholder = "bench-0000000000000000";

    private static readonly TimeSpan s_tokenLifetime = TimeSpan.FromHours(4);

    private readonly HttpClient _manager = new();
    private readonly string[] _tokens;
    private Guid _venue;

    private Stage(string folder, RunFile run, Guid tenant)
    {
        (Folder, Run, Tenant) = (folder, run, tenant);
        var mint = new TokenMint(new JwtOptions { Secret = LocalSecrets.Read(folder, "JWT_SECRET") }, TimeProvider.System);
        string Token(Guid user, string role) => mint.Mint(new TokenHolder(tenant, user, role, $"{user:n}@people.example"), s_tokenLifetime);
        _manager.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token(Guid.CreateVersion7(), Roles.VenueManager));
        _tokens = [.. Enumerable.Range(0, Buyers).Select(n => Token(Buyer(n), Roles.Customer))];
    }

    public string Folder { get; }

    public RunFile Run { get; }

    public Guid Tenant { get; }

    public Uri TicketsUrl => new(Run.Tickets[0]);

    /// <summary>Ids that the yardsticks' SQL can compute too.</summary>
    public static Guid Buyer(int n) => Guid.Parse($"00000000-0000-7000-9000-{n:x12}");

    public static async Task<Stage> SetAsync(string folder)
    {
        var run = RunFile.Read(folder);
        // By the superuser, as there is no route for the first organiser.
        await using var connection = new NpgsqlConnection(run.Postgres.ConnectionString());
        var tenant = Guid.CreateVersion7();
        await connection.ExecuteAsync("""
            insert into platform.tenants (id, slug, name) values (@tenant, @slug, 'Bench Hall');
            insert into neighbours.organisers (id, slug, name) values (@tenant, @slug, 'Bench Hall');
            """, new { tenant, slug = $"bench-{tenant:n}" });
        var stage = new Stage(folder, run, tenant);
        stage._venue = await stage.MakeAsync(run.Venues + "/api/v1/venues",
            new { name = "Bench Hall", address = "1 Quay Street, Rotterdam", timeZone = "Europe/Amsterdam", maxCapacity = Tickets });
        return stage;
    }

    /// <summary>A new event with one ticket type that a million can have.</summary>
    public async Task<Sale> PutOnSaleAsync()
    {
        var startsAt = TimeProvider.System.GetUtcNow().AddDays(30);
        var eventId = await MakeAsync(Run.Events + "/api/v1/events", new
        {
            name = "A Rush for Tickets", venueId = _venue, startsAt = Rfc3339(startsAt), endsAt = Rfc3339(startsAt.AddHours(3)), timeZone = "Europe/Amsterdam", categorySlug = "music",
        });
        var sectionId = await MakeAsync($"{Run.Events}/api/v1/events/{eventId}/sections", new { name = "Floor", capacity = Tickets });
        var typeId = await MakeAsync($"{Run.Tickets[0]}/api/v1/events/{eventId}/ticket-types", new
        {
            name = "General admission", price = new { amount = 2500, currency = "EUR" }, quantity = Tickets, sectionId, maxPerOrder = 10,
        });
        foreach (var state in new[] { "published", "on_sale" })
        {
            using var answer = await _manager.PostAsJsonAsync($"{Run.Events}/api/v1/events/{eventId}/transitions", new { to = state });
            // The clock may have opened the sale already.
            if (!answer.IsSuccessStatusCode && state == "published") throw await RefusedAsync(answer);
        }
        return new Sale(eventId, sectionId, typeId);
    }

    /// <summary>For each buyer, a request that holds one ticket.</summary>
    public Func<long, ReadOnlyMemory<byte>> Holds(Sale sale)
    {
        var body = $$"""{"eventId":"{{sale.EventId}}","items":[{"ticketTypeId":"{{sale.TicketTypeId}}","quantity":1}]}""";
        var requests = Array.ConvertAll(_tokens, token => Request("/api/v1/reservations", token, "", body));
        return n => requests[n % Buyers];
    }

    /// <summary>For each buyer, a request that buys one ticket in one step. Its idempotency key is new each time it is asked for.</summary>
    public Func<long, ReadOnlyMemory<byte>> Purchases(Sale sale)
    {
        var body = $$$"""{"eventId":"{{{sale.EventId}}}","items":[{"ticketTypeId":"{{{sale.TicketTypeId}}}","quantity":1}],"payment":{"method":"test","token":"tok_ok"}}""";
        var requests = Array.ConvertAll(_tokens, token => Request("/api/v1/purchases", token, $"Idempotency-Key: {KeyPlaceholder}\r\n", body));
        // The headers before the key are the same in every request, and so is its place.
        var place = requests[0].AsSpan().IndexOf("bench-"u8) + "bench-".Length;
        var run = (ulong)Random.Shared.Next() << 32;
        return n =>
        {
            // No buyer has two requests on the way at once: there are more buyers than connections.
            var request = requests[n % Buyers];
            (run + (ulong)n).TryFormat(request.AsSpan(place), out _, "x16", CultureInfo.InvariantCulture);
            return request;
        };
    }

    /// <summary>As the service's own role, with the tenant set for the session.</summary>
    public PgSession ServiceSession() => new(Run.Postgres with { User = DatabaseRoles.Tickets, Password = LocalSecrets.Read(Folder, DatabaseRoles.Tickets) },
        $"-c app.tenant_id={Tenant}");

    public void Dispose() => _manager.Dispose();

    private byte[] Request(string path, string token, string more, string body) => Encoding.ASCII.GetBytes(
        $"POST {path} HTTP/1.1\r\nHost: {TicketsUrl.Authority}\r\n{more}Authorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}");

    private async Task<Guid> MakeAsync(string url, object body)
    {
        using var answer = await _manager.PostAsJsonAsync(url, body);
        if (!answer.IsSuccessStatusCode) throw await RefusedAsync(answer);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
    }

    private static async Task<BenchException> RefusedAsync(HttpResponseMessage answer) =>
        new($"{answer.RequestMessage!.Method} {answer.RequestMessage.RequestUri!.AbsolutePath} answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");

    private static string Rfc3339(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}

/// <summary>What makes a measurement worthless, in one line.</summary>
public sealed class BenchException : Exception
{
    public BenchException(string message) : base(message) { }

    public BenchException(string message, Exception cause) : base(message, cause) { }

    public BenchException() { }
}
