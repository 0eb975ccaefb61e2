using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Tickets.Transfers;

/// <summary>Why a ticket stays where it is.</summary>
public static class TransferProblems
{
    /// <summary>A ticket is offered to one person at a time. Cancel the open offer, or wait until it was answered or has expired.</summary>
    public static readonly ProblemType Pending = new("transfer_pending", StatusCodes.Status409Conflict, "The ticket is offered already")
    {
        Like = "It is offered until 2026-10-03 19:04:12Z; cancel that offer first.",
    };

    /// <summary>The offer was accepted, declined or cancelled before: there is nothing left to answer.</summary>
    public static readonly ProblemType NotOffered = new("transfer_not_offered", StatusCodes.Status409Conflict, "The offer is not open any more")
    {
        Like = "It was declined.",
    };

    /// <summary>An offer is good for 48 hours. Its sender may make a new one.</summary>
    public static readonly ProblemType Expired = new("transfer_expired", StatusCodes.Status410Gone, "The offer has expired")
    {
        Like = "It was good until 2026-10-03 19:04:12Z.",
    };

    /// <summary>The event or the ticket type does not let tickets change hands, or not any more: shortly before the doors open, the event's policy may end it.</summary>
    public static readonly ProblemType NotAllowed = new("transfer_not_allowed", StatusCodes.Status422UnprocessableEntity, "The ticket cannot be given away")
    {
        Like = "Transfers ended at 2026-11-22 17:00:00Z, 2 hours before the doors open.",
    };

    /// <summary>At most 10 offers a day from one person, 5 owners after the first for one ticket, and 30 minutes between two of them.</summary>
    public static readonly ProblemType Limit = new("transfer_limit", StatusCodes.Status422UnprocessableEntity, "Too many transfers")
    {
        Like = "The ticket changed hands a moment ago; it can again from 2026-10-01 19:34:12Z.",
    };
}
