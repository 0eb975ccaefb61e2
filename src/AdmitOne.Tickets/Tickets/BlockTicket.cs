using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Cancellations;
using AdmitOne.Tickets.Inventory;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Tickets;

/// <summary>Why a ticket is blocked, or let go again.</summary>
public sealed record BlockReason
{
    /// <summary>Kept in the audit log.</summary>
    [PlainText(500)]
    public required string Reason { get; init => field = value.Trim(); }
}

/// <summary>
/// Stops a ticket at the door, and lets it go again. It shows no code while it is blocked, an open offer of it ends with it, and it keeps its place:
/// nobody else can buy that. Doing either twice changes nothing.
/// </summary>
internal static class BlockTicket
{
    public static void Map(IEndpointRouteBuilder tickets)
    {
        tickets.MapPost("/{id}/block", BlockAsync)
            .WithName("BlockTicket").WithSummary("Stop a ticket at the door")
            .WithDescription("It shows no code and admits nobody until it is unblocked; an open offer of it ends. Its place stays sold, and no refund but a manager's own of this ticket pays it.")
            .RequireAuthorization(Policies.VenueManager).WithRateTier(RateTier.Write)
            .WithRequestExample(TicketExamples.WhyBlocked).WithAnswerExample(TicketExamples.Blocked)
            .MayRefuseWith(PlatformProblems.NotFound, InventoryProblems.TicketNotIssued);
        tickets.MapPost("/{id}/unblock", UnblockAsync)
            .WithName("UnblockTicket").WithSummary("Let a blocked ticket admit again, with the code it had")
            .RequireAuthorization(Policies.VenueManager).WithRateTier(RateTier.Write)
            .WithRequestExample(TicketExamples.WhyUnblocked).WithAnswerExample(TicketExamples.Issued)
            .MayRefuseWith(PlatformProblems.NotFound, InventoryProblems.TicketNotIssued);
    }

    private static Task<Results<Ok<Ticket>, Refusal>> BlockAsync(
        Guid id, BlockReason request, Caller caller, Actor actor, HttpContext context, Database database, CancellationToken cancellationToken) =>
        MoveAsync((id, From: "issued", To: "blocked"), request, (caller, actor), context, database, cancellationToken);

    private static Task<Results<Ok<Ticket>, Refusal>> UnblockAsync(
        Guid id, BlockReason request, Caller caller, Actor actor, HttpContext context, Database database, CancellationToken cancellationToken) =>
        MoveAsync((id, From: "blocked", To: "issued"), request, (caller, actor), context, database, cancellationToken);

    private static async Task<Results<Ok<Ticket>, Refusal>> MoveAsync(
        (Guid Id, string From, string To) move, BlockReason request, (Caller Caller, Actor Actor) who, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(who.Caller.TenantId, cancellationToken);
        if (move.To == "issued") await ReopenCancellation.ForTicketAsync(work, move.Id, cancellationToken);
        var moved = await work.ExecuteAsync("update tickets.tickets set status = @To, updated_at = clock_timestamp() where id = @Id and status = @From",
            new { move.Id, move.From, move.To }, cancellationToken) == 1;
        if (await work.FindAsync<TicketRow>($"{TicketRow.Select} where t.id = @Id", new { move.Id }, cancellationToken) is not { } ticket)
            return PlatformProblems.NotFound.With("There is no such ticket.");
        if (ticket.Status != move.To) return InventoryProblems.TicketNotIssued.With($"It is {ticket.Status}.");
        if (moved)
        {
            var data = new { TicketId = move.Id, ticket.EventId };
            if (move.To == "blocked") await work.TellAsync("ticket.blocked", move.Id, data, cancellationToken);
            else await work.TellAsync("ticket.unblocked", move.Id, data, cancellationToken);
            await work.AuditAsync(who.Actor, new AuditEntry(move.To == "blocked" ? "ticket.block" : "ticket.unblock", "ticket", move.Id,
                new { Status = move.From }, new { Status = move.To, request.Reason }), cancellationToken);
            await work.CommitAsync(cancellationToken);
        }
        context.NeverCache();
        return TypedResults.Ok(ticket.Answer(who.Caller));
    }
}
