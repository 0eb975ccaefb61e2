using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.Platform.Outbound;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace AdmitOne.Events.Venues;

/// <summary>A place, as the venue service knows it.</summary>
/// <param name="MaxCapacity">People it may hold; the sections of an event never add up to more.</param>
public sealed record Venue(Guid Id, Guid TenantId, string Name, string? Address, string TimeZone, int MaxCapacity);

/// <summary>The venue service does not answer, or not in a way that can be used. Trying again later may help.</summary>
public sealed class VenuesAwayException(Exception? cause = null) : Exception("The venue service does not answer.", cause);

/// <summary>Asks the venue service. Never call it inside a transaction: it may take seconds.</summary>
public sealed partial class VenuesClient(HttpClient http, VenuePatience patience, ILogger<VenuesClient> logger)
{
    // A neighbour may tell more than is asked of it.
    private static readonly JsonSerializerOptions s_json = JsonSerializerOptions.Web;

    /// <returns>Null if there is no such venue, or if it is another tenant's.</returns>
    /// <exception cref="VenuesAwayException">After a few attempts, or at once while the breaker is open.</exception>
    public async Task<Venue?> FindAsync(Guid tenantId, Guid venueId, CancellationToken cancellationToken)
    {
        try
        {
            var venue = await patience.Pipeline.ExecuteAsync(
                async attempt => await AskAsync(tenantId, venueId, attempt), cancellationToken);
            return venue is not null && venue.Id == venueId && venue.TenantId == tenantId && venue.MaxCapacity > 0 ? venue : null;
        }
        catch (Exception away) when (away is HttpRequestException or TimeoutRejectedException or BrokenCircuitException or JsonException or NotSupportedException)
        {
            Away(away);
            throw new VenuesAwayException(away);
        }
    }

    private async Task<Venue?> AskAsync(Guid tenantId, Guid venueId, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"api/v1/venues/{venueId}");
        request.Options.Set(SigningHandler.Tenant, tenantId);
        using var answer = await http.SendAsync(request, cancellationToken);
        if (answer.StatusCode == HttpStatusCode.NotFound) return null;
        return await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<Venue>(s_json, cancellationToken);
    }

    [LoggerMessage(EventId = 3101, Level = LogLevel.Warning, Message = "The venue service does not answer")]
    private partial void Away(Exception fault);
}

/// <summary>How long the venue service is waited for. One for the process, because a breaker is worth something only when all calls share it.</summary>
public sealed class VenuePatience
{
    public VenuePatience(TimeProvider clock) => Pipeline = new ResiliencePipelineBuilder { TimeProvider = clock }
        .AddTimeout(TimeSpan.FromSeconds(4))
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<HttpRequestException>(MayPass).Handle<TimeoutRejectedException>(),
            MaxRetryAttempts = 2,
            Delay = TimeSpan.FromMilliseconds(100),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
        })
        .AddCircuitBreaker(new CircuitBreakerStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<HttpRequestException>(MayPass).Handle<TimeoutRejectedException>(),
            FailureRatio = 0.5,
            MinimumThroughput = 10,
            SamplingDuration = TimeSpan.FromSeconds(10),
            BreakDuration = TimeSpan.FromSeconds(5),
        })
        .AddTimeout(TimeSpan.FromSeconds(1.5))
        .Build();

    public ResiliencePipeline Pipeline { get; }

    // What it refused (a wrong key, say) it will refuse again.
    private static bool MayPass(HttpRequestException fault) => fault.StatusCode is null or >= HttpStatusCode.InternalServerError or HttpStatusCode.TooManyRequests;
}
