using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Platform.Text;
using AdmitOne.Tickets.Inventory;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Transfers;

/// <summary>To whom a ticket shall go.</summary>
public sealed record NewTransfer
{
    /// <summary>Only somebody who logs in with this address can accept it; upper and lower case are the same, and so are both spellings of an internationalised domain.</summary>
    [Email]
    public required string RecipientEmail { get; init => field = value.Trim(); }

    /// <summary>A few words for the recipient.</summary>
    [PlainText(500, ManyLines = true)]
    public string? Message { get; init => field = string.IsNullOrWhiteSpace(value) ? null : value.Trim().ReplaceLineEndings("\n"); }

    internal string Recipient => EmailAddress.Fold(RecipientEmail);
}

internal static class OfferTransfer
{
    public static void Map(IEndpointRouteBuilder tickets) =>
        tickets.MapPost("/{id}/transfers", HandleAsync)
            .WithName("OfferTransfer").WithSummary("Offer a ticket to somebody by e-mail address; it stays one's own until they accept")
            .WithDescription("The offer stands for 48 hours. A ticket is offered to one person at a time, changes hands at most 5 times and not twice within 30 minutes; a person makes at most 10 offers a day.")
            .WithRateTier(RateTier.Transfer)
            .WithRequestExample(TransferExamples.Asked).WithAnswerExample(TransferExamples.Sent)
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.NotOwner, PlatformProblems.ValidationFailed, InventoryProblems.TicketNotIssued, InventoryProblems.TicketUsed,
                TransferProblems.Pending, TransferProblems.NotAllowed, TransferProblems.Limit);

    private static async Task<Results<Created<Transfer>, Refusal>> HandleAsync(
        Guid id, NewTransfer request, Caller caller, Actor actor, Database database, TransferMetrics metrics, CancellationToken cancellationToken)
    {
        if (request.Recipient == caller.Email) return PlatformProblems.Invalid("/recipientEmail", "Is your own: the ticket is yours already.");
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        // A person's offers queue here, or ten could be made at once when nine were made before.
        await work.ExecuteAsync("select 1 from platform.users where id = @UserId for no key update", new { caller.UserId }, cancellationToken);
        if (!await LockedTicket.TryLockAsync(work, id, caller.UserId, cancellationToken))
        {
            return await work.FindAsync<Guid?>("select id from tickets.tickets where id = @id", new { id }, cancellationToken) is null
                ? PlatformProblems.NotFound.With("There is no such ticket.")
                : PlatformProblems.NotOwner.With("The ticket is somebody else's.");
        }

        var ticket = await LockedTicket.ReadAsync(work, id, cancellationToken);
        var refusal = TransferRules.Refuse(ticket) ?? await RefuseSecondAsync(work, id, ticket.Now, cancellationToken) ?? await RefuseEleventhAsync(work, caller, cancellationToken);
        if (refusal is not null)
        {
            metrics.Refused();
            return refusal;
        }
        var offer = await OfferAsync(work, caller, (TicketId: id, Request: request, ticket.Now), cancellationToken);
        await work.AuditAsync(actor, new AuditEntry("transfer.offer", "transfer", offer.Id, Before: null, new { offer.TicketId, offer.EventId, offer.ExpiresAt }), cancellationToken);
        await work.CommitAsync(cancellationToken);

        metrics.Offered();
        return TypedResults.Created($"/api/v1/transfers/{offer.Id}", offer.Answer(caller));
    }

    // An offer past its time is none: it is closed here, as the sweep would have done.
    private static async Task<Refusal?> RefuseSecondAsync(TenantWork work, Guid ticketId, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await ExpiredOffers.CloseAsync(work, "ticket_id = @ticketId", new { ticketId }, cancellationToken);
        return await work.FindAsync<DateTimeOffset?>("select expires_at from tickets.ticket_transfers where ticket_id = @ticketId and status = 'offered'", new { ticketId }, cancellationToken) is { } until
            ? TransferProblems.Pending.With(until > now ? $"It is offered until {until:u}; cancel that offer first." : "Its last offer is just ending; try again.")
            : null;
    }

    private static async Task<Refusal?> RefuseEleventhAsync(TenantWork work, Caller caller, CancellationToken cancellationToken)
    {
        var today = await work.FindAsync<int>(
            "select count(*)::int from tickets.ticket_transfers where from_user_id = @UserId and created_at > clock_timestamp() - interval '1 day'", new { caller.UserId }, cancellationToken);
        return today >= TransferRules.MaxOffersADay ? TransferProblems.Limit.With($"You have made {today} offers within a day, which is as many as one may.") : null;
    }

    private static async Task<TransferRow> OfferAsync(
        TenantWork work, Caller caller, (Guid TicketId, NewTransfer Request, DateTimeOffset Now) offered, CancellationToken cancellationToken)
    {
        var (id, expiresAt) = (Guid.CreateVersion7(offered.Now), offered.Now + TransferRules.OfferStands);
        await work.ExecuteAsync("""
            insert into tickets.ticket_transfers (tenant_id, id, ticket_id, from_user_id, recipient_email, message, status, created_at, expires_at)
            values (@TenantId, @id, @TicketId, @UserId, @Recipient, @Message, 'offered', @Now, @expiresAt)
            """, new { caller.TenantId, id, offered.TicketId, caller.UserId, offered.Request.Recipient, offered.Request.Message, offered.Now, expiresAt }, cancellationToken);
        var row = (await work.FindAsync<TransferRow>($"{TransferRow.Select} where f.id = @id", new { id }, cancellationToken))!;
        await work.TellAsync("transfer.offered", id,
            new { TransferId = id, offered.TicketId, row.EventId, FromUserId = caller.UserId, ExpiresAt = expiresAt }, cancellationToken);
        return row;
    }
}
