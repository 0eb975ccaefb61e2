using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Inventory;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Transfers;

/// <summary>Ends an offer without a new owner: its recipient declines, or its sender cancels. The ticket's lock is not needed, as nothing of the ticket changes.</summary>
internal static class EndTransfer
{
    private static readonly ProblemType[] s_problems =
        [PlatformProblems.NotFound, PlatformProblems.NotOwner, TransferProblems.NotOffered, TransferProblems.Expired, InventoryProblems.TicketNotIssued];

    public static void Map(IEndpointRouteBuilder transfers)
    {
        transfers.MapPost("/{id}/decline", DeclineAsync)
            .WithName("DeclineTransfer").WithSummary("Decline an offered ticket; it stays its sender's")
            .WithRateTier(RateTier.Transfer).WithAnswerExample(TransferExamples.Declined).MayRefuseWith(s_problems);
        transfers.MapPost("/{id}/cancel", CancelAsync)
            .WithName("CancelTransfer").WithSummary("Take an offer back before it is accepted")
            .WithRateTier(RateTier.Transfer).WithAnswerExample(TransferExamples.Cancelled).MayRefuseWith(s_problems);
    }

    private static async Task<Results<Ok<Transfer>, Refusal>> DeclineAsync(
        Guid id, Caller caller, Actor actor, HttpContext context, Database database, TransferMetrics metrics, CancellationToken cancellationToken)
    {
        var (offer, refusal) = await EndAsync(database, id, (caller, actor), ("decline", "declined"), cancellationToken);
        return Answer(context, offer?.Answer(caller), refusal, refusal is null ? metrics.Declined : metrics.Refused);
    }

    private static async Task<Results<Ok<Transfer>, Refusal>> CancelAsync(
        Guid id, Caller caller, Actor actor, HttpContext context, Database database, TransferMetrics metrics, CancellationToken cancellationToken)
    {
        var (offer, refusal) = await EndAsync(database, id, (caller, actor), ("cancel", "cancelled"), cancellationToken);
        return Answer(context, offer?.Answer(caller), refusal, refusal is null ? metrics.Cancelled : metrics.Refused);
    }

    private static Results<Ok<Transfer>, Refusal> Answer(HttpContext context, Transfer? ended, Refusal? refusal, Action count)
    {
        count();
        context.NeverCache();
        return refusal is null ? TypedResults.Ok(ended!) : refusal;
    }

    private static async Task<(TransferRow? Offer, Refusal? Refusal)> EndAsync(
        Database database, Guid id, (Caller Caller, Actor Actor) who, (string Verb, string Becomes) move, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(who.Caller.TenantId, cancellationToken);
        await work.ExecuteAsync("select 1 from tickets.ticket_transfers where id = @id for no key update", new { id }, cancellationToken);
        if (await OpenOffer.FindAsync(work, id, cancellationToken) is not { } offer) return (null, OpenOffer.NoSuch);
        if (OpenOffer.Refuse(offer, who.Caller, move.Verb) is { } refusal) return (null, refusal);

        await work.ExecuteAsync("update tickets.ticket_transfers set status = @Becomes, closed_at = @Now where id = @id and status = 'offered'", new { id, move.Becomes, offer.Now }, cancellationToken);
        var data = new { TransferId = id, offer.TicketId, offer.EventId, offer.FromUserId };
        if (move.Verb == "decline") await work.TellAsync("transfer.declined", id, data, cancellationToken);
        else await work.TellAsync("transfer.cancelled", id, data, cancellationToken);
        await work.AuditAsync(who.Actor, new AuditEntry($"transfer.{move.Verb}", "transfer", id, new { Status = "offered" }, new { Status = move.Becomes, offer.TicketId, offer.EventId }), cancellationToken);
        var ended = await work.FindAsync<TransferRow>($"{TransferRow.Select} where f.id = @id", new { id }, cancellationToken);
        await work.CommitAsync(cancellationToken);
        return (ended, null);
    }
}
