using System.Text.Json.Nodes;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Platform.Text;
using AdmitOne.Tickets.Inventory;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Validation;

namespace AdmitOne.Tickets.Tickets;

/// <summary>Who comes with a ticket. Both are optional.</summary>
#pragma warning disable ASP0029 // The framework's own validation, of a type that is only patched; its attribute is still marked as experimental.
[ValidatableType]
#pragma warning restore ASP0029
public sealed record TicketAttendee
{
    [PlainText(200)]
    public string? AttendeeName { get; init => field = value?.Trim(); }

    [Email]
    public string? AttendeeEmail { get; init; }
}

/// <summary>Says who comes with a ticket, until it is used. A transfer of the ticket removes both.</summary>
internal static class NameAttendee
{
    public static void Map(IEndpointRouteBuilder tickets) =>
        tickets.MapPatch("/{id}", HandleAsync)
            .WithName("NameAttendee").WithSummary("Say who comes with a ticket, until it is used (merge patch)").Accepts<TicketAttendee>("application/merge-patch+json", "application/json")
            .WithDescription("For its owner, and for managers. null removes what was said. If-Match may name the ETag that was read; a ticket that has changed since is then answered 412. Without it the last change counts.")
            .WithRateTier(RateTier.Write).Produces<Ticket>()
            .WithRequestExample(TicketExamples.Attendee).WithAnswerExample(TicketExamples.Issued).WithEntityTag()
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.NotOwner, PlatformProblems.VersionMismatch, InventoryProblems.TicketNotIssued, InventoryProblems.TicketUsed);

    private static async Task<IResult> HandleAsync(
        Guid id, JsonObject patch, Caller caller, Actor actor, HttpContext context, Database database, MergePatch merge, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        var ticket = await LockAsync(work, id, cancellationToken);
        return caller.RefuseUnlessMine("ticket", ticket is null ? null : new Owner(ticket.UserId)) ?? await AnswerAsync(work, ticket!, patch, (caller, actor), context, merge, cancellationToken);
    }

    /// <summary>The ticket under its lock, which scans, transfers and refunds of it take too; null if there is none.</summary>
    public static async Task<TicketRow?> LockAsync(TenantWork work, Guid id, CancellationToken cancellationToken)
    {
        await work.ExecuteAsync("select 1 from tickets.tickets where id = @id for no key update", new { id }, cancellationToken);
        return await work.FindAsync<TicketRow>($"{TicketRow.Select} where t.id = @id", new { id }, cancellationToken);
    }

    /// <summary>Whether the caller may name the ticket's attendee is asked before.</summary>
    /// <param name="ticket">Under its lock.</param>
    public static async Task<IResult> AnswerAsync(
        TenantWork work, TicketRow ticket, JsonObject patch, (Caller Caller, Actor Actor) who, HttpContext context, MergePatch merge, CancellationToken cancellationToken)
    {
        if (!EntityTag.Accepts(context, EntityTag.OfContent(ticket.Answer(who.Caller)))) return PlatformProblems.VersionMismatch.With("It was changed since you read it; read it again and repeat your change.");
        var (after, invalid) = await merge.ApplyAsync(new TicketAttendee { AttendeeName = ticket.AttendeeName, AttendeeEmail = ticket.AttendeeEmail }, patch, cancellationToken);
        if (after is null) return invalid!;
        if (ticket.Status != "issued") return InventoryProblems.TicketNotIssued.With($"It is {ticket.Status}.");
        if (ticket.AdmittedAt is { } at) return InventoryProblems.TicketUsed.With($"It was admitted at {at:u}; the name stays.");

        await work.ExecuteAsync("update tickets.tickets set attendee_name = @AttendeeName, attendee_email = @email, updated_at = clock_timestamp() where id = @Id",
            new { ticket.Id, after.AttendeeName, email = after.AttendeeEmail is { } given ? EmailAddress.Fold(given) : null }, cancellationToken);
        // The log keeps that it was changed, and no name: names can be erased, the log cannot.
        if (ticket.UserId != who.Caller.UserId) await work.AuditAsync(who.Actor, new AuditEntry("ticket.name_attendee", "ticket", ticket.Id, null, new { Fields = patch.Select(member => member.Key) }), cancellationToken);
        var changed = (await work.FindAsync<TicketRow>($"{TicketRow.Select} where t.id = @Id", new { ticket.Id }, cancellationToken))!.Answer(who.Caller);
        await work.CommitAsync(cancellationToken);
        context.NeverCache();
        context.Response.Headers.ETag = EntityTag.OfContent(changed);
        return TypedResults.Ok(changed);
    }
}
