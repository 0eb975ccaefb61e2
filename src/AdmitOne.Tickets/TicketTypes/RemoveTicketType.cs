using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.TicketTypes;

/// <summary>Takes a type that nobody has a ticket of off the list. Its row stays for the books.</summary>
internal static class RemoveTicketType
{
    public static void Map(IEndpointRouteBuilder types) =>
        types.MapDelete("/{id}", HandleAsync)
            .WithName("RemoveTicketType").WithSummary("Remove a ticket type that was not sold (If-Match)")
            .RequireAuthorization(Policies.VenueManager).WithRateTier(RateTier.Write)
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.IfMatchRequired, PlatformProblems.VersionMismatch, TicketTypeProblems.EditNotAllowed);

    private static async Task<Results<NoContent, Refusal>> HandleAsync(Guid id, Caller caller, Actor actor, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        if (await TicketTypeRow.FindAsync(work, id, cancellationToken) is not { } found) return TicketTypeProblems.NoType;
        if (EntityTag.Refuse(context, found.Version) is { } stale) return stale;

        await work.ExecuteAsync(EventGate.EnterToSell, new { gate = EventGate.Key(found.EventId) }, cancellationToken);
        var taken = await work.FindAsync<int>("select held + sold from tickets.stock where ticket_type_id = @id for no key update", new { id }, cancellationToken);
        if (taken > 0) return TicketTypeProblems.EditNotAllowed.With($"{taken} tickets of it are held or sold.");
        var removed = await work.ExecuteAsync(
            "update tickets.ticket_types set deleted_at = clock_timestamp(), version = version + 1 where id = @id and version = @Version and deleted_at is null",
            new { id, found.Version }, cancellationToken);
        if (removed == 0) return PlatformProblems.VersionMismatch.With("Somebody else changed it just now; read it again.");
        await work.TellAsync("ticket_type.removed", id, new { found.EventId, ticketTypeId = id }, cancellationToken);
        await work.AuditAsync(actor, new AuditEntry("ticket_type.remove", "ticket_type", id, found.Answer(), After: null), cancellationToken);
        await work.CommitAsync(cancellationToken);
        return TypedResults.NoContent();
    }
}
