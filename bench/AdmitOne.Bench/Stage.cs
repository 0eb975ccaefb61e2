using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.Cli.Local;
using AdmitOne.Identity;
using AdmitOne.Platform.Identity;
using AdmitOne.Schema;
using Dapper;
using Npgsql;

namespace AdmitOne.Bench;

/// <summary>An event on sale, made for one measurement.</summary>
internal sealed record Sale(Guid EventId, Guid SectionId, IReadOnlyList<Guid> TicketTypeIds)
{
    public Guid TicketTypeId => TicketTypeIds[0];
}

/// <summary>Where the load plays: a running `admitone up`, an organiser and buyers of our own, and events put on sale over HTTP.</summary>
internal sealed class Stage : IDisposable
{
    public const int Buyers = 20_000;

    /// <summary>Of each type, and of the section.</summary>
    public const int Tickets = 1_000_000;

    /// <summary>Of what is written or counted before and after a measurement, however slow the machine.</summary>
    public const string Patience = ";Command Timeout=600";

    private const int Staff = 32;

    private static readonly TimeSpan s_tokenLifetime = TimeSpan.FromHours(8);

    private readonly HttpClient _manager = new();
    private readonly string[] _buyers;
    private readonly string[] _staff;
    private Guid _venue;

    private Stage(string folder, RunFile run, Guid tenant)
    {
        (Folder, Run, Tenant) = (folder, run, tenant);
        var mint = new TokenMint(new JwtOptions { Secret = LocalSecrets.Read(folder, "JWT_SECRET") }, TimeProvider.System);
        string Token(Guid user, string role) => mint.Mint(new TokenHolder(tenant, user, role, $"{user:n}@people.example"), s_tokenLifetime);
        _manager.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token(Guid.CreateVersion7(), Roles.VenueManager));
        _buyers = [.. Enumerable.Range(0, Buyers).Select(n => Token(Buyer(n), Roles.Customer))];
        _staff = [.. Enumerable.Range(0, Staff).Select(_ => Token(Guid.CreateVersion7(), Roles.VenueStaff))];
    }

    public string Folder { get; }

    public RunFile Run { get; }

    public Guid Tenant { get; }

    public Uri TicketsUrl => new(Run.Tickets[0]);

    public Uri EventsUrl => new(Run.Events);

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
            """, new { tenant, slug = $"bench-{tenant:n}" });
        var stage = new Stage(folder, run, tenant);
        stage._venue = await stage.MakeAsync(run.Venues + "/api/v1/venues",
            new { name = "Bench Hall", address = "1 Quay Street, Rotterdam", timeZone = "Europe/Amsterdam", maxCapacity = Tickets });
        return stage;
    }

    public string BuyerToken(int n) => _buyers[n];

    public string StaffToken(int n) => _staff[n % Staff];

    public NpgsqlConnection Superuser() => new(Run.Postgres.ConnectionString() + Patience);

    /// <summary>A new event; a million can have each of its ticket types, and a million all of them together.</summary>
    /// <param name="startsIn">Two hours or less, and its doors are open.</param>
    public async Task<Sale> PutOnSaleAsync(int types = 1, TimeSpan? startsIn = null)
    {
        var startsAt = TimeProvider.System.GetUtcNow() + (startsIn ?? TimeSpan.FromDays(30));
        var eventId = await MakeAsync(Run.Events + "/api/v1/events", new
        {
            name = "A Rush for Tickets", venueId = _venue, startsAt = Rfc3339(startsAt), endsAt = Rfc3339(startsAt.AddHours(3)), timeZone = "Europe/Amsterdam", categorySlug = "music",
        });
        var sectionId = await MakeAsync($"{Run.Events}/api/v1/events/{eventId}/sections", new { name = "Floor", capacity = Tickets });
        var typeIds = new List<Guid>();
        while (typeIds.Count < types)
        {
            typeIds.Add(await MakeAsync($"{Run.Tickets[0]}/api/v1/events/{eventId}/ticket-types", new
            {
                name = $"General admission {typeIds.Count + 1}", price = new { amount = 2500, currency = "EUR" }, quantity = Tickets, sectionId, maxPerOrder = 10,
            }));
        }
        foreach (var state in new[] { "published", "on_sale" })
        {
            using var answer = await _manager.PostAsJsonAsync($"{Run.Events}/api/v1/events/{eventId}/transitions", new { to = state });
            // The clock may have opened the sale already.
            if (!answer.IsSuccessStatusCode && state == "published") throw await RefusedAsync(answer);
        }
        return new Sale(eventId, sectionId, typeIds);
    }

    /// <summary>Gives an event another name, as its manager does.</summary>
    public async Task RenameAsync(Guid eventId, string name)
    {
        var url = $"{Run.Events}/api/v1/events/{eventId}";
        using var found = await _manager.GetAsync(url);
        using var change = new HttpRequestMessage(HttpMethod.Patch, url) { Content = JsonContent.Create(new { name }, new MediaTypeHeaderValue("application/merge-patch+json")) };
        change.Headers.IfMatch.Add(found.Headers.ETag!);
        using var answer = await _manager.SendAsync(change);
        if (!answer.IsSuccessStatusCode) throw await RefusedAsync(answer);
    }

    /// <summary>As the service's own role, with the tenant set for the session.</summary>
    public PgSession ServiceSession() => new(Run.Postgres with { User = DatabaseRoles.Tickets, Password = LocalSecrets.Read(Folder, DatabaseRoles.Tickets) },
        $"-c app.tenant_id={Tenant}");

    public void Dispose() => _manager.Dispose();

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
