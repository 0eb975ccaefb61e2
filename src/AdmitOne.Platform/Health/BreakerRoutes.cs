using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Outbound;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Platform.Health;

/// <summary>The breakers of this process. Each replica has its own: to close one everywhere, every replica is asked.</summary>
internal static partial class BreakerRoutes
{
    private static readonly BreakerStates s_example = new([new BreakerState("venue-service", "open")]);

    public static void MapBreakers(this WebApplication app)
    {
        var breakers = app.MapGroup("/health/circuit-breakers").WithTags("Health").RequireAuthorization(Policies.AdminOrOps);
        breakers.MapGet("/", (IEnumerable<Breaker> all) => Answer(all)).WithName("ShowBreakers").WithSummary("Which neighbours this process has stopped calling")
            .WithAnswerExample(s_example);
        breakers.MapPost("/reset", ResetAsync).WithName("ResetBreakers").WithSummary("Call a neighbour again at once, or all of them").WithRateTier(RateTier.Admin)
            .MayRefuseWith(PlatformProblems.NotFound).WithAnswerExample(new BreakerStates([new BreakerState("venue-service", "closed")]));
    }

    private static Ok<BreakerStates> Answer(IEnumerable<Breaker> all) =>
        TypedResults.Ok(new BreakerStates([.. all
            .OrderBy(breaker => breaker.Neighbour, StringComparer.Ordinal).Select(breaker => new BreakerState(breaker.Neighbour, breaker.Word))]));

    /// <param name="neighbour">Only this one's; without it, all.</param>
    private static async Task<Results<Ok<BreakerStates>, Refusal>> ResetAsync(IEnumerable<Breaker> all, ILogger<Breaker> logger, string? neighbour, CancellationToken cancellationToken)
    {
        var meant = all.Where(breaker => neighbour is null || breaker.Neighbour == neighbour).ToArray();
        if (neighbour is not null && meant.Length == 0) return PlatformProblems.NotFound.With("No neighbour of that name is called from here; GET /health/circuit-breakers lists them.");
        foreach (var breaker in meant)
        {
            var before = breaker.Word;
            await breaker.Control.CloseAsync(cancellationToken);
            if (before != "closed") Closed(logger, breaker.Neighbour, before);
        }
        return Answer(meant);
    }

    [LoggerMessage(EventId = 1801, Level = LogLevel.Warning, Message = "The breaker of {Neighbour}, which was {Before}, was closed by hand")]
    private static partial void Closed(ILogger logger, string neighbour, string before);
}

/// <summary>The breakers of one process.</summary>
public sealed record BreakerStates(IReadOnlyList<BreakerState> Breakers);

/// <param name="State"><c>closed</c> (calls go through), <c>open</c> (none do), <c>half_open</c> (one is tried) or <c>isolated</c> (held open by hand).</param>
public sealed record BreakerState(string Neighbour, string State);
