using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Inventory;

namespace AdmitOne.Tickets.Transfers;

/// <summary>An offer as an answer to it finds it.</summary>
internal sealed class OpenOffer
{
    public static readonly Refusal NoSuch = PlatformProblems.NotFound.With("There is no such transfer.");

    public Guid Id { get; init; }
    public Guid TicketId { get; init; }
    public Guid TicketTypeId { get; init; }
    public Guid EventId { get; init; }
    public Guid? FromUserId { get; init; }
    public string RecipientEmail { get; init; } = "";
    public string Status { get; init; } = "";
    public DateTimeOffset ExpiresAt { get; init; }
    public string? ClosedBecause { get; init; }
    public DateTimeOffset Now { get; init; }

    public static Task<OpenOffer?> FindAsync(TenantWork work, Guid id, CancellationToken cancellationToken) => work.FindAsync<OpenOffer>("""
        select f.id, f.ticket_id, t.ticket_type_id, t.event_id, f.from_user_id, f.recipient_email, f.status, f.expires_at, f.closed_because, clock_timestamp() as now
          from tickets.ticket_transfers f join tickets.tickets t on t.tenant_id = f.tenant_id and t.id = f.ticket_id
         where f.id = @id
        """, new { id }, cancellationToken);

    /// <summary>Says why this caller may not do this with the offer, or null.</summary>
    /// <param name="what">accept, decline or cancel.</param>
    public static Refusal? Refuse(OpenOffer offer, Caller caller, string what)
    {
        var isSender = offer.FromUserId == caller.UserId;
        if (what == "cancel" && !isSender) return PlatformProblems.NotOwner.With("Only its sender cancels an offer.");
        if (what != "cancel" && (isSender || offer.RecipientEmail != caller.Email)) return PlatformProblems.NotOwner.With("The ticket was offered to somebody else.");
        if (what != "cancel" && !caller.EmailIsVerified) return PlatformProblems.NotOwner.With("Verify your e-mail address first, then log in again.");
        return offer.Status switch
        {
            "offered" when offer.ExpiresAt > offer.Now => null,
            "offered" or "expired" => TransferProblems.Expired.With($"It was good until {offer.ExpiresAt:u}."),
            "cancelled" when offer.ClosedBecause is { } because => InventoryProblems.TicketNotIssued.With($"The ticket was {because["ticket_".Length..]}, which ended the offer."),
            var status => TransferProblems.NotOffered.With($"It was {status}."),
        };
    }
}
