using System.Net;
using System.Text.Json;
using AdmitOne.Platform.Outbound;
using Microsoft.Extensions.DependencyInjection;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace AdmitOne.Events.Venues;

/// <summary>How long the venue service is waited for. One for the process, because a breaker is worth something only when all calls share it.</summary>
public sealed class VenuePatience
{
    private static readonly PredicateBuilder<object> s_fault = new PredicateBuilder()
        .Handle<HttpRequestException>(MayPass).Handle<TimeoutRejectedException>().Handle<JsonException>();

    public const string Neighbour = "venue-service";

    public VenuePatience(TimeProvider clock, [FromKeyedServices(Neighbour)] Breaker breaker) =>
        Pipeline = new ResiliencePipelineBuilder { TimeProvider = new SteadyClock(clock) }
            .AddTimeout(TimeSpan.FromSeconds(4))
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = s_fault,
                MaxRetryAttempts = 2,
                Delay = TimeSpan.FromMilliseconds(100),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
            })
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions
            {
                ShouldHandle = s_fault,
                FailureRatio = 0.5,
                MinimumThroughput = 10,
                SamplingDuration = TimeSpan.FromSeconds(10),
                BreakDuration = TimeSpan.FromSeconds(VenuesClient.RetryAfterSeconds),
                StateProvider = breaker.State,
                ManualControl = breaker.Control,
            })
            .AddTimeout(TimeSpan.FromSeconds(1.5))
            .Build();

    public ResiliencePipeline Pipeline { get; }

    // What it refused (a wrong key, say) it will refuse again.
    private static bool MayPass(HttpRequestException fault) => fault.StatusCode is null or >= HttpStatusCode.InternalServerError or HttpStatusCode.TooManyRequests;
}
