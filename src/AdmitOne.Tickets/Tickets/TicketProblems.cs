using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Tickets.Tickets;

/// <summary>What a ticket's own state forbids.</summary>
public static class TicketProblems
{
    /// <summary>It is blocked, refunded or cancelled: it admits nobody, has no code to show, and goes to nobody else.</summary>
    public static readonly ProblemType NotIssued = new("ticket_not_issued", StatusCodes.Status409Conflict, "The ticket does not admit")
    {
        Like = "It is refunded.",
    };

    /// <summary>Somebody was let in with it: it is not given away any more, and its owner cannot give it back.</summary>
    public static readonly ProblemType Used = new("ticket_used", StatusCodes.Status409Conflict, "The ticket was used")
    {
        Like = "It admitted its holder at 2026-11-22 18:04:12Z.",
    };
}
