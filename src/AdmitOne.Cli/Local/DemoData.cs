using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.Identity;
using Dapper;
using Microsoft.AspNetCore.Builder;
using Npgsql;

namespace AdmitOne.Cli.Local;

/// <summary>
/// Puts one event on sale, once, so that a newcomer has something to buy. Everything but the tenants is made over HTTP, as a manager
/// would. What has been made is written down at each step, so that an attempt that was killed goes on where it stopped.
/// </summary>
internal sealed class DemoData(DataFolder data, RunFile run, WebApplication auth, string password)
{
    private const string Manager = "manager@riverside.example";
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);
    private static readonly (string Tenant, string Email, string Name, string Role)[] s_users =
    [
        ("demo", "admin@riverside.example", "Ada Admin", "admin"),
        ("demo", Manager, "Mara Manager", "venue_manager"),
        ("demo", "staff@riverside.example", "Stan Staff", "venue_staff"),
        ("demo", "customer@riverside.example", "Cleo Customer", "customer"),
        ("demo", "buyer2@riverside.example", "Ben Buyer", "customer"),
        ("demo", "ops@riverside.example", "Otto Ops", "ops"),
        ("lakeside", "manager@lakeside.example", "Lena Manager", "venue_manager"),
        ("lakeside", "customer@lakeside.example", "Carl Customer", "customer"),
    ];

    private string JournalFile => data.FileNamed("demo.json");

    /// <exception cref="CannotRunException">A service refused a step.</exception>
    public async Task<DemoAddresses> EnsureAsync(CancellationToken cancellationToken)
    {
        var made = File.Exists(JournalFile) ? JsonSerializer.Deserialize<Journal>(await File.ReadAllTextAsync(JournalFile, cancellationToken), s_json)! : new Journal();
        if (!made.OnSale)
        {
            made = await MakeTenantsAsync(made, cancellationToken);
            await MakeUserAsync(made, s_users.Single(user => user.Email == Manager), cancellationToken);
            // Passwords are slow to hash on purpose; the others' are while the manager puts the event on sale.
            var others = Task.Run(() => Task.WhenAll(s_users.Select(user => MakeUserAsync(made, user, cancellationToken))), cancellationToken);
            var onSale = PutOnSaleAsync(made, cancellationToken);
            await Task.WhenAll(others, onSale);
            made = Keep(await onSale with { OnSale = true });
        }

        return new DemoAddresses(
            made.Tenant, made.OtherTenant, made.Venue!.Value, made.Event!.Value, made.TicketType!.Value,
            [.. s_users.Select(user => new DemoUser(user.Email, password, user.Role))]);
    }

    private Journal Keep(Journal made)
    {
        DataFolder.WriteSecret(JournalFile, JsonSerializer.Serialize(made, s_json) + "\n");
        return made;
    }

    /// <summary>By the superuser, as there is no route for the first tenants.</summary>
    private async Task<Journal> MakeTenantsAsync(Journal made, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(run.Postgres.ConnectionString());
        async Task<Guid> MakeAsync(string slug, string name)
        {
            var id = await connection.QuerySingleAsync<Guid>(new CommandDefinition("""
                with made as (
                    insert into platform.tenants (id, slug, name) values (@id, @slug, @name) on conflict (slug) do nothing returning id)
                select id from made union all select id from platform.tenants where slug = @slug limit 1
                """, new { id = Guid.CreateVersion7(), slug, name }, cancellationToken: cancellationToken));
            return id;
        }

        return Keep(made with { Tenant = await MakeAsync("demo", "Riverside Hall"), OtherTenant = await MakeAsync("lakeside", "Lakeside Arena") });
    }

    // Repeating it changes nothing.
    private Task<Guid> MakeUserAsync(Journal made, (string Tenant, string Email, string Name, string Role) user, CancellationToken cancellationToken) =>
        IdentityService.AddUserAsync(auth, user.Tenant == "demo" ? made.Tenant : made.OtherTenant, user.Email, password, user.Name, user.Role, cancellationToken);

    private async Task<Journal> PutOnSaleAsync(Journal made, CancellationToken cancellationToken)
    {
        using var manager = new HttpClient();
        var token = await PostAsync(manager, run.Auth + "/api/v1/token", new { email = Manager, password }, cancellationToken);
        manager.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token.GetProperty("accessToken").GetString());

        made = made.Venue is not null ? made : Keep(made with
        {
            Venue = Id(await PostAsync(manager, run.Venues + "/api/v1/venues", new
            {
                name = "Riverside Hall", address = "1 Quay Street, Rotterdam", timeZone = "Europe/Amsterdam", maxCapacity = 50_000,
            }, cancellationToken))
        });

        made = made.Event is not null ? made : Keep(made with { Event = Id(await PostAsync(manager, run.Events + "/api/v1/events", DemoEvent(made.Venue!.Value), cancellationToken)) });
        var theEvent = $"{run.Events}/api/v1/events/{made.Event}";

        made = made.Section is not null ? made : Keep(made with { Section = Id(await PostAsync(manager, theEvent + "/sections", new { name = "Floor", capacity = 500 }, cancellationToken)) });

        made = made.TicketType is not null ? made : Keep(made with
        {
            TicketType = Id(await PostAsync(manager, $"{run.Tickets[0]}/api/v1/events/{made.Event}/ticket-types", new
            {
                name = "General admission", price = new { amount = 4500, currency = "EUR" }, quantity = 500, sectionId = made.Section, maxPerOrder = 10,
            }, cancellationToken))
        });

        foreach (var state in new[] { "published", "on_sale" })
        {
            await MoveAsync(manager, theEvent, state, cancellationToken);
        }

        return made;
    }

    // It begins soon and lasts a year, so that a ticket can be bought and admitted on any day a newcomer comes back to it.
    private static object DemoEvent(Guid venueId)
    {
        var startsAt = TimeProvider.System.GetUtcNow().AddHours(2);
        var endsAt = Rfc3339(startsAt.AddYears(1));
        return new
        {
            name = "An Evening by the River", description = "The demo event of AdmitOne: buy, and be admitted, once.", categorySlug = "music",
            venueId, startsAt = Rfc3339(startsAt), endsAt, salesEndAt = endsAt, timeZone = "Europe/Amsterdam",
        };
    }

    /// <summary>The clock may have moved the event already: what counts is where it is.</summary>
    private static async Task MoveAsync(HttpClient manager, string theEvent, string state, CancellationToken cancellationToken)
    {
        using var answer = await manager.PostAsJsonAsync(theEvent + "/transitions", new { to = state }, cancellationToken);
        if (answer.StatusCode != HttpStatusCode.Conflict)
        {
            await CheckAsync(answer, cancellationToken);
            return;
        }

        var found = (await manager.GetFromJsonAsync<JsonElement>(theEvent, cancellationToken)).GetProperty("status").GetString();
        if (found is not ("published" or "on_sale"))
        {
            throw new CannotRunException($"the demo event cannot be put on sale: it is {found}");
        }
    }

    private static async Task<JsonElement> PostAsync(HttpClient client, string url, object body, CancellationToken cancellationToken)
    {
        using var answer = await client.PostAsJsonAsync(url, body, cancellationToken);
        await CheckAsync(answer, cancellationToken);
        return await answer.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
    }

    private static async Task CheckAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        if (!answer.IsSuccessStatusCode)
        {
            throw new CannotRunException($"the demo data cannot be made (--no-demo does without): {answer.RequestMessage!.Method} {answer.RequestMessage.RequestUri} "
                + $"answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(cancellationToken)}");
        }
    }

    private static Guid Id(JsonElement made) => made.GetProperty("id").GetGuid();

    private static string Rfc3339(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    private sealed record Journal
    {
        public Guid Tenant { get; init; }
        public Guid OtherTenant { get; init; }
        public Guid? Venue { get; init; }
        public Guid? Event { get; init; }
        public Guid? Section { get; init; }
        public Guid? TicketType { get; init; }
        public bool OnSale { get; init; }
    }
}
