using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Inventory;

namespace AdmitOne.Tickets.Transfers;

/// <summary>A ticket, its event's policy and its past, as they were read under the ticket's lock.</summary>
/// <param name="EventStatus">Null if there is no such event any more.</param>
/// <param name="Accepted">How often it has changed hands.</param>
/// <param name="Now">The database's clock.</param>
internal sealed record TransferFacts(
    string TicketStatus, DateTimeOffset? AdmittedAt, bool Transferable, string? EventStatus, bool TransferAllowed, int UntilHoursBefore, DateTimeOffset DoorsAt,
    long Accepted, DateTimeOffset? LastAcceptedAt, DateTimeOffset Now);

/// <summary>When a ticket may change hands. The same rules are asked when it is offered and again when the offer is accepted.</summary>
internal static class TransferRules
{
    public static readonly TimeSpan OfferStands = TimeSpan.FromHours(48);
    public static readonly TimeSpan BetweenTransfers = TimeSpan.FromMinutes(30);
    public const int MaxOffersADay = 10;

    /// <summary>Far below what the owner version, 16 bits, can count.</summary>
    public const int MaxAccepted = 5;

    /// <returns>Why this ticket may not change hands now, or null.</returns>
    public static Refusal? Refuse(TransferFacts ticket)
    {
        if (ticket.TicketStatus != "issued") return InventoryProblems.TicketNotIssued.With($"It is {ticket.TicketStatus}.");
        if (ticket.AdmittedAt is { } admitted) return InventoryProblems.TicketUsed.With($"It admitted its holder at {admitted:u}.");
        if (!ticket.Transferable) return TransferProblems.NotAllowed.With("Tickets of this type stay with their buyer.");
        if (ticket.EventStatus is null or "cancelled" or "completed") return TransferProblems.NotAllowed.With($"The event is {ticket.EventStatus ?? "gone"}.");
        if (!ticket.TransferAllowed) return TransferProblems.NotAllowed.With("The event's organiser does not allow transfers.");
        var ends = ticket.DoorsAt - TimeSpan.FromHours(ticket.UntilHoursBefore);
        if (ticket.Now >= ends)
            return TransferProblems.NotAllowed.With($"Transfers ended at {ends:u}, {(ticket.UntilHoursBefore == 0 ? "when the doors open" : $"{ticket.UntilHoursBefore} hours before the doors open")}.");
        if (ticket.Accepted >= MaxAccepted) return TransferProblems.Limit.With($"The ticket has changed hands {MaxAccepted} times, which is as often as one may.");
        return ticket.LastAcceptedAt + BetweenTransfers is { } from && ticket.Now < from
            ? TransferProblems.Limit.With($"The ticket changed hands a moment ago; it can again from {from:u}.")
            : null;
    }
}
