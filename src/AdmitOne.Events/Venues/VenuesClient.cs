using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.Platform.Outbound;
using Microsoft.Extensions.Logging;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace AdmitOne.Events.Venues;

/// <summary>A place, as the venue service knows it.</summary>
/// <param name="MaxCapacity">People it may hold; the sections of an event never add up to more.</param>
public sealed record Venue(Guid Id, Guid TenantId, string Name, string? Address, string TimeZone, int MaxCapacity);

/// <summary>What came of asking for a venue.</summary>
/// <param name="Venue">As it is now; null if the tenant has no such venue, or if its service is away.</param>
/// <param name="IsAway">The service did not answer, or not in a way that can be used. Trying again later may help.</param>
public readonly record struct FoundVenue(Venue? Venue, bool IsAway);

/// <summary>Asks the venue service. Never call it inside a transaction: it may take seconds.</summary>
public sealed partial class VenuesClient(HttpClient http, VenuePatience patience, VenueMetrics metrics, ILogger<VenuesClient> logger)
{
    /// <summary>How long a caller should wait after it was away: sooner, the breaker would answer in its place.</summary>
    public const int RetryAfterSeconds = 5;

    private const int MaxName = 200;
    private const int MaxAddress = 500;

    // A neighbour may tell more than is asked of it.
    private static readonly JsonSerializerOptions s_json = JsonSerializerOptions.Web;

    /// <summary>Asks a few times, or not at all while the breaker is open.</summary>
    public async Task<FoundVenue> FindAsync(Guid tenantId, Guid venueId, CancellationToken cancellationToken)
    {
        try
        {
            var venue = await patience.Pipeline.ExecuteAsync(async attempt => await AskAsync(tenantId, venueId, attempt), cancellationToken);
            metrics.Answered(venue is null ? VenueOutcome.NotFound : VenueOutcome.Found);
            return new FoundVenue(venue?.TenantId == tenantId ? venue : null, IsAway: false);
        }
        catch (Exception fault) when (Outcome(fault) is { } outcome)
        {
            metrics.Answered(outcome);
            Away(outcome, fault);
            return new FoundVenue(null, IsAway: true);
        }
    }

    private async Task<Venue?> AskAsync(Guid tenantId, Guid venueId, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"api/v1/venues/{venueId}");
        request.Options.Set(SigningHandler.Tenant, tenantId);
        using var answer = await http.SendAsync(request, cancellationToken);
        if (answer.StatusCode == HttpStatusCode.NotFound) return null;
        var venue = await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<Venue>(s_json, cancellationToken);
        return venue is { MaxCapacity: > 0, Name.Length: > 0 and <= MaxName } && venue.Id == venueId && !(venue.Address?.Length > MaxAddress)
            && !$"{venue.Name}{venue.Address}".Any(char.IsControl)
            ? venue
            : throw new JsonException("It is not the venue that was asked for, or not a whole one.");
    }

    private static VenueOutcome? Outcome(Exception fault) => fault switch
    {
        BrokenCircuitException => VenueOutcome.NotAsked,
        TimeoutRejectedException => VenueOutcome.TimedOut,
        HttpRequestException { StatusCode: >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError } => VenueOutcome.Refused,
        HttpRequestException => VenueOutcome.Failed,
        JsonException or NotSupportedException => VenueOutcome.Unreadable,
        _ => null,
    };

    [LoggerMessage(EventId = 3101, Level = LogLevel.Warning, Message = "The venue service cannot be used: {Outcome}")]
    private partial void Away(VenueOutcome outcome, Exception fault);
}
