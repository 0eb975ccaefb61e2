using AdmitOne.Events.Events;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Events.Catalogue;

public static class ListVenueEvents
{
    public static void Map(IEndpointRouteBuilder catalogue) =>
        catalogue.MapGet("/venues/{venueId}/events", HandleAsync)
            .WithName("ListVenueEvents").WithSummary("Events at one venue")
            .AllowAnonymous().WithRateTier(RateTier.Read)
            .WithAnswerExample(RouteExamples.OnePage(EventExamples.OnSale))
            .MayRefuseWith(PlatformProblems.InvalidParameter, PlatformProblems.ValidationFailed, PlatformProblems.NotFound);

    private static async Task<Results<Ok<Page<EventBody>>, Refusal>> HandleAsync(
        Guid venueId, [AsParameters] EventFilter filter, Caller? caller, Database database, HttpContext context, CancellationToken cancellationToken)
    {
        var (page, refusal) = await ListEvents.ReadAsync(filter, venueId, caller, database, context, cancellationToken);
        return page is null ? refusal! : TypedResults.Ok(page);
    }
}
