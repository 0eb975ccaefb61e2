using AdmitOne.Events.Events;
using AdmitOne.Platform.Caching;
using AdmitOne.Platform.Http;
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
            .WithAnswerExample(RouteExamples.OnePage(EventExamples.OnSale)).Produces(StatusCodes.Status304NotModified)
            .MayRefuseWith(PlatformProblems.InvalidParameter, PlatformProblems.ValidationFailed, PlatformProblems.NotFound)
            .DisableValidation();   // ListEvents asks the rules itself

    private static Task<Results<Ok<Page<EventBody>>, CachedResult, Refusal>> HandleAsync(
        Guid venueId, [AsParameters] EventFilter filter, ReadThroughCache cache, TimeProvider clock, HttpContext context) =>
        ListEvents.AnswerAsync(filter, venueId, cache, clock, context);
}
