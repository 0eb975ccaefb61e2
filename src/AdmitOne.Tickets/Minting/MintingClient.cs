using System.Net;
using System.Net.Http.Json;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Outbound;
using Microsoft.Extensions.DependencyInjection;
using Polly;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace AdmitOne.Tickets.Minting;

/// <summary>A job as the minting service gets it; the same id means the same job, however often it comes.</summary>
/// <param name="TokenId">The token it is about, once there is one.</param>
public sealed record MintOrder(Guid JobId, Guid TicketId, Guid EventId, string Kind, Guid? OwnerId, string? TokenId);

/// <summary>How a batch fared.</summary>
/// <param name="Fault">Why it was not accepted; null if it was.</param>
/// <param name="IsFinal">Sending the same again would be refused again.</param>
internal readonly record struct SentBatch(string? Fault, bool IsFinal)
{
    public bool Accepted => Fault is null;
}

/// <summary>Hands jobs to the minting service, signed. Never call it inside a transaction: it may take seconds.</summary>
internal sealed class MintingClient(HttpClient http, MintingPatience patience)
{
    /// <exception cref="BrokenCircuitException">The service has failed so often that it is left alone for a while; nothing was sent.</exception>
    public async Task<SentBatch> SendAsync(Guid tenantId, IReadOnlyList<MintOrder> jobs, CancellationToken cancellationToken)
    {
        try
        {
            var status = await patience.Pipeline.ExecuteAsync(async attempt => await AskAsync(tenantId, jobs, attempt), cancellationToken);
            return status switch
            {
                HttpStatusCode.OK or HttpStatusCode.Accepted => new SentBatch(null, IsFinal: false),
                HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity or HttpStatusCode.Conflict or HttpStatusCode.RequestEntityTooLarge =>
                    new SentBatch($"The minting service refuses it with {(int)status}.", IsFinal: true),
                _ => new SentBatch($"The minting service answers {(int)status}.", IsFinal: false),
            };
        }
        catch (Exception away) when (away is HttpRequestException or TimeoutRejectedException)
        {
            return new SentBatch($"The minting service does not answer: {(away is TimeoutRejectedException ? "timeout" : "no connection")}.", IsFinal: false);
        }
    }

    private async Task<HttpStatusCode> AskAsync(Guid tenantId, IReadOnlyList<MintOrder> jobs, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "internal/mint") { Content = JsonContent.Create(new { jobs }, options: Json.Answers) };
        request.Options.Set(SigningHandler.Tenant, tenantId);
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        return answer.StatusCode;
    }
}

/// <summary>How long the minting service is waited for, and when it is left alone. One for the process: a breaker is worth something only when all calls share it.</summary>
public sealed class MintingPatience
{
    public const string Neighbour = "minting-service";

    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    public MintingPatience(TimeProvider clock, [FromKeyedServices(Neighbour)] Breaker breaker)
    {
        Breaker = breaker.State;
        Pipeline = new ResiliencePipelineBuilder<HttpStatusCode> { TimeProvider = new SteadyClock(clock) }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<HttpStatusCode>
            {
                ShouldHandle = new PredicateBuilder<HttpStatusCode>().Handle<HttpRequestException>().Handle<TimeoutRejectedException>()
                    .HandleResult(status => status >= HttpStatusCode.InternalServerError || status == HttpStatusCode.TooManyRequests),
                FailureRatio = 0.5,
                MinimumThroughput = 5,
                SamplingDuration = TimeSpan.FromSeconds(30),
                BreakDuration = TimeSpan.FromSeconds(5),
                StateProvider = Breaker,
                ManualControl = breaker.Control,
            })
            .AddTimeout(Timeout)
            .Build();
    }

    public ResiliencePipeline<HttpStatusCode> Pipeline { get; }

    public CircuitBreakerStateProvider Breaker { get; }
}
