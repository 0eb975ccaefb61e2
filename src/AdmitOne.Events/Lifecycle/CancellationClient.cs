using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.Contracts;
using AdmitOne.Platform.Outbound;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace AdmitOne.Events.Lifecycle;

/// <summary>Asks the Ticket Service, where the orders are, how far the refunds of a cancelled event have come.</summary>
internal sealed partial class CancellationClient(HttpClient http, TicketServicePatience patience, ILogger<CancellationClient> logger)
{
    // A neighbour may tell more than is asked of it.
    private static readonly JsonSerializerOptions s_json = JsonSerializerOptions.Web;

    /// <returns>Null if it does not answer, or not in a way that can be used: later it may.</returns>
    public async Task<CancellationProgress?> FindAsync(Guid tenantId, Guid eventId, CancellationToken cancellationToken)
    {
        try
        {
            return await patience.Pipeline.ExecuteAsync(async attempt => await AskAsync(tenantId, eventId, attempt), cancellationToken);
        }
        catch (Exception away) when (away is HttpRequestException or TimeoutRejectedException or BrokenCircuitException or JsonException or NotSupportedException)
        {
            Away(away);
            return null;
        }
    }

    private async Task<CancellationProgress?> AskAsync(Guid tenantId, Guid eventId, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"internal/events/{eventId}/cancellation");
        request.Options.Set(SigningHandler.Tenant, tenantId);
        using var answer = await http.SendAsync(request, cancellationToken);
        return await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<CancellationProgress>(s_json, cancellationToken);
    }

    [LoggerMessage(EventId = 3211, Level = LogLevel.Warning, Message = "The Ticket Service does not answer")]
    private partial void Away(Exception fault);
}

/// <summary>How long the Ticket Service is waited for. One for the process, because a breaker is worth something only when all calls share it.</summary>
internal sealed class TicketServicePatience
{
    public const string Neighbour = "ticket-service";

    // Also what a caller is told to wait (Retry-After): sooner, the breaker would answer for the service.
    public const int BreakSeconds = 5;

    public TicketServicePatience(TimeProvider clock, [FromKeyedServices(Neighbour)] Breaker breaker)
    {
        var fault = new PredicateBuilder().Handle<HttpRequestException>(MayPass).Handle<TimeoutRejectedException>().Handle<JsonException>();
        Pipeline = new ResiliencePipelineBuilder { TimeProvider = new SteadyClock(clock) }
            .AddTimeout(TimeSpan.FromSeconds(4))
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = fault,
                MaxRetryAttempts = 2,
                Delay = TimeSpan.FromMilliseconds(100),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
            })
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions
            {
                ShouldHandle = fault,
                FailureRatio = 0.5,
                MinimumThroughput = 10,
                SamplingDuration = TimeSpan.FromSeconds(10),
                BreakDuration = TimeSpan.FromSeconds(BreakSeconds),
                StateProvider = breaker.State,
                ManualControl = breaker.Control,
            })
            .AddTimeout(TimeSpan.FromSeconds(1.5))
            .Build();
    }

    public ResiliencePipeline Pipeline { get; }

    // What it refused (a wrong key, say) it will refuse again.
    private static bool MayPass(HttpRequestException fault) => fault.StatusCode is null or >= HttpStatusCode.InternalServerError or HttpStatusCode.TooManyRequests;
}
