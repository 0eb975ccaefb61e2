using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;
using AdmitOne.Cli.Local;
using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Outbound;
using Microsoft.Extensions.Options;

namespace AdmitOne.Cli.Setup;

/// <param name="Key">INTERNAL_API_KEY.</param>
/// <param name="Folder">The data folder of ./run, if it is that one.</param>
internal sealed record SetupTarget(Uri Identity, Uri Venues, string Key, string? Folder);

/// <param name="ManagerLink">Null if the organiser was there before.</param>
internal sealed record SetupDone(Guid TenantId, string Slug, Guid? VenueId, string? ManagerLink, bool IsNew);

/// <summary>What setup made last for <c>./run</c>, so that <c>admitone smoke</c> knows whom to sell for.</summary>
internal sealed record SetupFile(Guid TenantId, Guid VenueId)
{
    private const string Name = "setup.json";

    public static void Write(string folder, SetupFile file) => File.WriteAllText(Path.Combine(folder, Name), JsonSerializer.Serialize(file, JsonSerializerOptions.Web) + "\n");

    /// <returns>Null if setup never ran on the folder.</returns>
    public static SetupFile? Read(string? folder) =>
        folder is not null && Path.Combine(folder, Name) is var path && File.Exists(path) ? JsonSerializer.Deserialize<SetupFile>(File.ReadAllText(path), JsonSerializerOptions.Web) : null;
}

/// <summary>Calls Identity with a signature, and the venue service as the new manager. A run that was cut off is completed by the next one.</summary>
internal sealed class SetupClient : IDisposable
{
    private const string Service = "admitone-setup";
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    private readonly SetupTarget _target;
    private readonly HttpClient _signed;
    private readonly HttpClient _venues = new() { Timeout = TimeSpan.FromSeconds(30) };

    public SetupClient(SetupTarget target)
    {
        _target = target;
        var signing = new SigningHandler(Service, Options.Create(new ServiceOptions { InternalApiKey = target.Key }), TimeProvider.System) { InnerHandler = new SocketsHttpHandler() };
        _signed = new HttpClient(signing) { Timeout = TimeSpan.FromSeconds(30) };
    }

    /// <exception cref="CannotRunException">A service refused; the message says what and why.</exception>
    public async Task<SetupDone> SetUpAsync(SetupRequest request, CancellationToken cancellationToken)
    {
        var made = await PostAsync(_signed, new Uri(_target.Identity, "/internal/v1/organisers"), request.Organiser, cancellationToken);
        var tenant = made.GetProperty("tenantId").GetGuid();
        _venues.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", made.GetProperty("venueToken").GetString());
        var known = await FindVenueAsync(tenant, request.Venue.Name, cancellationToken);
        var venue = known ?? (await PostAsync(_venues, new Uri(_target.Venues, "/api/v1/venues"), request.Venue, cancellationToken)).GetProperty("id").GetGuid();
        var isNew = made.GetProperty("isNew").GetBoolean() || known is null;
        return new SetupDone(tenant, request.Organiser.Slug, venue, made.TryGetProperty("managerLink", out var link) ? link.GetString() : null, isNew);
    }

    public void Dispose()
    {
        _signed.Dispose();
        _venues.Dispose();
    }

    /// <returns>The organiser's venue of this name, else its first one; null if it has none.</returns>
    private async Task<Guid?> FindVenueAsync(Guid tenant, string name, CancellationToken cancellationToken)
    {
        Guid? first = null;
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await _venues.GetFromJsonAsync<JsonElement>(new Uri(_target.Venues, $"/api/v1/venues?limit=100{(cursor.Length > 0 ? "&cursor=" + Uri.EscapeDataString(cursor) : "")}"), cancellationToken);
            foreach (var venue in page.GetProperty("items").EnumerateArray().Where(v => v.GetProperty("tenantId").GetGuid() == tenant))
            {
                if (venue.GetProperty("name").GetString() == name) return venue.GetProperty("id").GetGuid();
                first ??= venue.GetProperty("id").GetGuid();
            }
            cursor = page.TryGetProperty("nextCursor", out var next) ? next.GetString() : null;
        }
        return first;
    }

    private static async Task<JsonElement> PostAsync(HttpClient client, Uri url, object body, CancellationToken cancellationToken)
    {
        using var response = await client.PostAsJsonAsync(url, body, s_json, cancellationToken);
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        if (response.StatusCode is HttpStatusCode.OK or HttpStatusCode.Created) return JsonDocument.Parse(text).RootElement;
        throw new CannotRunException($"{url} answered {(int)response.StatusCode}: {Detail(text)}");
    }

    private static string Detail(string text)
    {
        try
        {
            return JsonDocument.Parse(text).RootElement.TryGetProperty("detail", out var detail) ? detail.GetString() ?? text : text;
        }
        catch (JsonException)
        {
            return text;
        }
    }
}
