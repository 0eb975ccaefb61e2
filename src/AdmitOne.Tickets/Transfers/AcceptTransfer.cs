using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Codes;
using AdmitOne.Tickets.Inventory;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Transfers;

/// <summary>
/// Makes a ticket somebody else's: in one transaction it gets its new owner, the old code stops working and the offer is closed, so that at any
/// instant there is one owner and one code that admits.
/// </summary>
internal static class AcceptTransfer
{
    public static void Map(IEndpointRouteBuilder transfers) =>
        transfers.MapPost("/{id}/accept", HandleAsync)
            .WithName("AcceptTransfer").WithSummary("Accept an offered ticket: it is the caller's from then on, and the code shown before is dead")
            .WithDescription("The token's e-mail address must be the one that the ticket was offered to, and verified (email_verified: true).")
            .WithRateTier(RateTier.Transfer)
            .WithAnswerExample(TransferExamples.Accepted)
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.NotOwner, TransferProblems.NotOffered, TransferProblems.Expired, TransferProblems.NotAllowed, TransferProblems.Limit,
                InventoryProblems.TicketNotIssued, InventoryProblems.TicketUsed, InventoryProblems.LimitPerCustomer);

    private static async Task<Results<Ok<Transfer>, Refusal>> HandleAsync(
        Guid id, Caller caller, Actor actor, HttpContext context, Database database, TransferMetrics metrics, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        var (offer, refusal) = await TryAcceptAsync(work, id, caller, cancellationToken);
        if (refusal is not null)
        {
            metrics.Refused();
            return refusal;
        }
        await work.AuditAsync(actor, new AuditEntry("transfer.accept", "transfer", id, new { Status = "offered" }, new { offer!.Status, offer.TicketId, offer.EventId, offer.FromUserId, offer.ToUserId }), cancellationToken);
        await work.CommitAsync(cancellationToken);

        metrics.Accepted();
        context.NeverCache();
        return TypedResults.Ok(offer.Answer(caller));
    }

    private static async Task<(TransferRow? Offer, Refusal? Refusal)> TryAcceptAsync(TenantWork work, Guid id, Caller caller, CancellationToken cancellationToken)
    {
        // The event and the type of a ticket never change, so what is locked by them can be found before the ticket is.
        if (await OpenOffer.FindAsync(work, id, cancellationToken) is not { } offer) return (null, OpenOffer.NoSuch);
        if (OpenOffer.Refuse(offer, caller, "accept") is { } closed) return (null, closed);

        // The gate first: once a cancel of the event has been answered, no ticket of it changes hands any more.
        await work.ExecuteAsync(EventGate.EnterToSell, new { gate = EventGate.Key(offer.EventId) }, cancellationToken);
        var limit = await CustomerLimit.RefuseOneMoreAsync(work, offer.TicketTypeId, caller.UserId, cancellationToken);
        var owned = offer.FromUserId is { } sender && await LockedTicket.TryLockAsync(work, offer.TicketId, sender, cancellationToken);
        await work.ExecuteAsync("select 1 from tickets.ticket_transfers where id = @id for no key update", new { id }, cancellationToken);

        var now = (await OpenOffer.FindAsync(work, id, cancellationToken))!;
        if (OpenOffer.Refuse(now, caller, "accept") is { } meanwhile) return (null, meanwhile);
        if (!owned) return (null, TransferProblems.NotOffered.With("The ticket is not its sender's any more."));
        var ticket = await LockedTicket.ReadAsync(work, offer.TicketId, cancellationToken);
        if ((TransferRules.Refuse(ticket) ?? limit) is { } refusal) return (null, refusal);

        await HandOverAsync(work, caller, now, ticket.Now, cancellationToken);
        return (await work.FindAsync<TransferRow>($"{TransferRow.Select} where f.id = @id", new { id }, cancellationToken), null);
    }

    private static async Task HandOverAsync(TenantWork work, Caller caller, OpenOffer offer, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var ownerVersion = await work.FindAsync<short?>("""
            update tickets.tickets set user_id = @UserId, owner_version = owner_version + 1, attendee_name = null, attendee_email = null, updated_at = @now
             where id = @TicketId and user_id = @FromUserId and status = 'issued' returning owner_version
            """, new { caller.UserId, offer.TicketId, offer.FromUserId, now }, cancellationToken);
        await TicketCodes.ForgetAsync(work, offer.TicketId, cancellationToken);
        await work.ExecuteAsync("update tickets.ticket_transfers set status = 'accepted', to_user_id = @UserId, closed_at = @now where id = @Id and status = 'offered'",
            new { caller.UserId, offer.Id, now }, cancellationToken);
        await work.TellAsync("transfer.accepted", offer.Id,
            new { TransferId = offer.Id, offer.TicketId, offer.EventId, offer.FromUserId, ToUserId = caller.UserId, OwnerVersion = ownerVersion!.Value }, cancellationToken);
    }
}
