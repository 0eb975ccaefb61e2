using AdmitOne.Events.Catalogue;
using AdmitOne.Events.Venues;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace AdmitOne.Events.Events;

public static class CreateEvent
{
    public static void Map(IEndpointRouteBuilder events) =>
        events.MapPost("/", HandleAsync)
            .WithName("CreateEvent").WithSummary("Create a draft")
            .WithDescription("The draft takes the venue's name and capacity as they are now. It is seen by the organiser's managers until it is published.")
            .RequireAuthorization(Policies.VenueManager).WithRateTier(RateTier.Write)
            .WithRequestExample(EventExamples.New).WithAnswerExample(EventExamples.Draft).WithEntityTag()
            .MayRefuseWith(PlatformProblems.ValidationFailed, PlatformProblems.AlreadyExists, PlatformProblems.DependencyUnavailable);

    private static async Task<Results<Created<EventBody>, Refusal>> HandleAsync(
        NewEvent asked, Caller caller, Actor actor, Database database, VenuesClient venues, Categories categories, EventMetrics metrics, TimeProvider clock,
        HttpContext context, CancellationToken cancellationToken)
    {
        var times = EventTimes.Of(asked, clock.GetUtcNow());
        if (times.Refuse() is { } broken) return broken;
        var category = asked.CategorySlug is { } slug ? await categories.FindAsync(caller.TenantId, slug, cancellationToken) : null;
        if (category is null && asked.CategorySlug is not null) return EventProblems.NoCategory;
        var (venue, isAway) = await venues.FindAsync(caller.TenantId, asked.VenueId, cancellationToken);
        if (venue is null) return EventProblems.WithoutVenue(isAway);

        try
        {
            await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
            if (category is not null && !await Categories.KeepAsync(work, category, cancellationToken)) return EventProblems.NoCategory;
            if (await EventWrites.InsertAsync(work, caller.TenantId, asked, times, venue, cancellationToken) is not { } created) return EventProblems.SlugTaken;
            await EventMessages.CreatedAsync(work, actor, created, cancellationToken);
            await work.CommitAsync(cancellationToken);
            metrics.Created();
            return Answer(context, created);
        }
        catch (PostgresException tooLong) when (EventProblems.OfConstraint(tooLong) is { } refusal)
        {
            return refusal;
        }
    }

    internal static Created<EventBody> Answer(HttpContext context, EventBody created)
    {
        context.NeverCache();
        EntityTag.Set(context, created.Version);
        return TypedResults.Created($"/api/v1/events/{created.Id}", created);
    }
}
