using AdmitOne.Contracts;
using AdmitOne.Events.Events;
using AdmitOne.Events.Lifecycle;
using AdmitOne.Events.Sections;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Outbound;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Events.Internal;

public static class ReadEventFacts
{
    // Sections never add up to more than their venue holds, one person each.
    private const int AllSections = 1_000_000;

    public static void Map(IEndpointRouteBuilder events) =>
        events.MapGet("/{id}", HandleAsync)
            .WithName("ReadEventFacts").WithSummary("All that a neighbour needs of an event")
            .WithDescription("A signed call of order-service, ticket-service or event-service, for the tenant that its signature names.")
            .WithRateTier(RateTier.Global).WithAnswerExample(InternalExamples.Facts)
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.BadSignature, PlatformProblems.StaleTimestamp, PlatformProblems.NonceReused, PlatformProblems.DependencyUnavailable);

    private static async Task<Results<Ok<EventFacts>, Refusal>> HandleAsync(
        Guid id, [FromHeader(Name = ServiceSignature.TenantHeader)] string? tenant, Database database, HttpContext context, CancellationToken cancellationToken)
    {
        // The signature covers this header; nothing else says for whom the call is.
        if (!Guid.TryParse(tenant, out var tenantId)) return EventProblems.NotFound;
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        if (await EventRows.FindOwnAsync(work, tenantId, id, cancellationToken) is not { } row) return EventProblems.NotFound;
        var salesOpen = await work.FindAsync<bool>("""
            select @Status in ('on_sale', 'sold_out', 'in_progress') and clock_timestamp() >= @SalesStartAt and clock_timestamp() < @SalesEndAt
            """, new { Status = row.Status.Word(), row.SalesStartAt, row.SalesEndAt }, cancellationToken);
        var sections = await SectionRows.ListAsync(work, id, after: null, AllSections, cancellationToken);

        context.NeverCache();
        return TypedResults.Ok(new EventFacts
        {
            Id = row.Id,
            TenantId = row.TenantId,
            Slug = row.Slug,
            Name = row.Name,
            Status = row.Status.Word(),
            SalesOpen = salesOpen,
            Visibility = row.Visibility.ToString().ToLowerInvariant(),
            VenueId = row.VenueId,
            VenueName = row.Venue.Name,
            TimeZone = row.TimeZone,
            DoorsAt = row.DoorsAt,
            StartsAt = row.StartsAt,
            EndsAt = row.EndsAt,
            SalesStartAt = row.SalesStartAt,
            SalesEndAt = row.SalesEndAt,
            CheckInFrom = row.CheckInFrom,
            CheckInUntil = row.CheckInUntil,
            RefundPolicy = row.RefundPolicy,
            TransferPolicy = row.TransferPolicy,
            CodePolicy = row.CodePolicy.ToString().ToLowerInvariant(),
            ReEntry = row.ReEntry,
            Version = row.Version,
            Sections = [.. sections.Select(s => new SectionFacts(s.Id, s.Name, s.Code, s.Capacity))],
        });
    }
}
