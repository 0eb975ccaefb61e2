using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Events;

/// <summary>What a manager does with events, as calls over HTTP.</summary>
internal sealed class EventDesk(World world)
{
    // The shortest way of an event into each state.
    public static readonly IReadOnlyDictionary<string, string[]> Ways = new Dictionary<string, string[]>
    {
        ["draft"] = [],
        ["review"] = ["review"],
        ["approved"] = ["review", "approved"],
        ["published"] = ["published"],
        ["on_sale"] = ["published", "on_sale"],
        ["sales_paused"] = ["published", "on_sale", "sales_paused"],
        ["sold_out"] = ["published", "on_sale", "sold_out"],
        ["in_progress"] = ["published", "on_sale", "in_progress"],
        ["completed"] = ["published", "on_sale", "in_progress", "completed"],
        ["postponed"] = ["published", "postponed"],
        ["rescheduled"] = ["published", "postponed", "rescheduled"],
        ["cancelled"] = ["cancelled"],
    };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public HttpClient Manager { get; } = world.Events(Roles.VenueManager);

    /// <summary>The same manager at the Ticket Service.</summary>
    public HttpClient Types { get; } = world.Tickets(Roles.VenueManager);

    public HttpClient OtherManager { get; } = world.Events(Roles.VenueManager, tenant: world.OtherTenant);

    public HttpClient Public { get; } = world.Events();

    /// <summary>The least that an event needs, with whatever else is said; a null takes a property out.</summary>
    public async Task<Dictionary<string, object?>> BodyAsync(params (string Name, object? Value)[] more)
    {
        var starts = TimeProvider.System.GetUtcNow().AddDays(30);
        var body = new Dictionary<string, object?>
        {
            ["name"] = "An Evening by the River",
            ["venueId"] = await world.VenueAsync(),
            ["startsAt"] = At(starts),
            ["endsAt"] = At(starts.AddHours(3)),
            ["timeZone"] = "Europe/Amsterdam",
        };
        foreach (var (name, value) in more) body[name] = value;
        return body.Where(p => p.Value is not null).ToDictionary();
    }

    public async Task<JsonElement> CreateAsync(params (string Name, object? Value)[] more) =>
        await Manager.MakeAsync("/api/v1/events", await BodyAsync(more));

    /// <summary>An event in this state, with one section, and a ticket type if its way led over a sale: what is only published stays so, whatever the clock says.</summary>
    public async Task<Guid> CreateInAsync(string state, params (string Name, object? Value)[] more)
    {
        var id = (await CreateAsync(more)).Id();
        await AddSectionAsync(id, "Floor", 100);
        if (Ways[state].Contains("on_sale")) await AddTypeAsync(id);
        foreach (var step in Ways[state]) await (await MoveAsync(id, step)).ReadAsync();
        return id;
    }

    public Task<HttpResponseMessage> MoveAsync(Guid id, string to, string? reason = null) =>
        Manager.PostAsJsonAsync($"/api/v1/events/{id}/transitions", reason is null ? (object)new { to } : new { to, reason }, Cancellation);

    public Task<JsonElement> AddTypeAsync(Guid eventId, string name = "General admission", int quantity = 100) =>
        Types.MakeAsync($"/api/v1/events/{eventId}/ticket-types", new { name, price = new { amount = 2500, currency = "EUR" }, quantity });

    public Task<JsonElement> AddSectionAsync(Guid eventId, string name, int capacity) =>
        Manager.MakeAsync($"/api/v1/events/{eventId}/sections", new { name, capacity });

    public Task<HttpResponseMessage> ChangeSectionAsync(Guid id, object change, string? ifMatch, string mediaType = "application/merge-patch+json") =>
        EditAsync(Manager, HttpMethod.Patch, $"/api/v1/sections/{id}", change, ifMatch, mediaType);

    public Task<HttpResponseMessage> RemoveSectionAsync(Guid id, string? ifMatch) => EditAsync(Manager, HttpMethod.Delete, $"/api/v1/sections/{id}", null, ifMatch);

    public Task<HttpResponseMessage> ChangeAsync(Guid id, object change, string? ifMatch = "*", string mediaType = "application/merge-patch+json", HttpClient? by = null) =>
        EditAsync(by ?? Manager, HttpMethod.Patch, $"/api/v1/events/{id}", change, ifMatch, mediaType);

    public Task<HttpResponseMessage> RemoveAsync(Guid id, string? ifMatch = "*") => EditAsync(Manager, HttpMethod.Delete, $"/api/v1/events/{id}", null, ifMatch);

    public static Task<HttpResponseMessage> EditAsync(
        HttpClient by, HttpMethod method, string path, object? change, string? ifMatch = "*", string mediaType = "application/merge-patch+json")
    {
        var content = change is null ? null : new StringContent(change as string ?? JsonSerializer.Serialize(change), Encoding.UTF8, mediaType);
        var request = new HttpRequestMessage(method, path) { Content = content };
        if (ifMatch is not null) request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        return by.SendAsync(request, Cancellation);
    }

    /// <summary>What was told of a thing, in order.</summary>
    public async Task<string[]> MessagesAsync(Guid resource) =>
        (await world.Ask<string>("select coalesce(string_agg(type, ' ' order by occurred_at), '') from platform.outbox where resource_id = @resource", new { resource }))!.Split(' ');

    public Task<JsonElement> FindAsync(Guid id) => Manager.GetJsonAsync($"/api/v1/events/{id}");

    public async Task<Guid> VenueAsync(int maxCapacity, Guid? tenant = null)
    {
        using var venues = world.Venues(Roles.VenueManager, tenant: tenant);
        return (await venues.MakeAsync("/api/v1/venues", new { name = "A Room", address = "1 Quay Street", timeZone = "Europe/Amsterdam", maxCapacity })).Id();
    }

    /// <summary>Posts a text as it is.</summary>
    public static Task<HttpResponseMessage> PostTextAsync(HttpClient client, string path, string text, string mediaType = "application/json") =>
        client.PostAsync(path, new StringContent(text, Encoding.UTF8, MediaTypeHeaderValue.Parse(mediaType)), Cancellation);

    public static string At(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
