using System.Collections.Immutable;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Tickets.Inventory;

/// <summary>Why stock was not moved.</summary>
public static class InventoryProblems
{
    /// <summary>Stock ran out between looking and taking. Trying again helps only after a release. <c>available</c> says what is left of each type.</summary>
    public static readonly ProblemType InsufficientInventory = new("insufficient_inventory", StatusCodes.Status409Conflict, "Not enough tickets are left")
    {
        Like = "1 of \"General admission\" are left; you asked for 2.",
        LikeMembers = ImmutableDictionary.CreateRange<string, object>([new("available", new Dictionary<string, int> { [ExampleSale.TicketType.ToString()] = 1 })]),
    };

    /// <summary>Paused, outside the sale's window, or a type that is not on sale yet.</summary>
    public static readonly ProblemType SalesNotOpen = new("sales_not_open", StatusCodes.Status422UnprocessableEntity, "It is not on sale now")
    {
        Like = "The event is sales_paused; its sale runs from 2026-10-01 08:00:00Z to 2026-11-22 19:30:00Z.",
    };

    /// <summary>The ticket type says how many one order may have: minPerOrder to maxPerOrder.</summary>
    public static readonly ProblemType LimitPerOrder = new("limit_per_order", StatusCodes.Status422UnprocessableEntity, "The order is too small or too large")
    {
        Like = "\"General admission\" is sold in orders of 1 to 8.",
    };

    /// <summary>Held and bought count together.</summary>
    public static readonly ProblemType LimitPerCustomer = new("limit_per_customer", StatusCodes.Status422UnprocessableEntity, "The customer has as many as allowed")
    {
        Like = "A customer may have 8 of \"General admission\"; you hold or own 8.",
    };

    /// <summary>Places of one event that a customer holds or is paying for count together, of all its ticket types. Pay for them or release them first.</summary>
    public static readonly ProblemType LimitUnpaid = new("limit_unpaid", StatusCodes.Status422UnprocessableEntity, "The customer has as many unpaid places as allowed")
    {
        Like = "A customer may have 20 unpaid places of an event; you have 20.",
    };

    /// <summary>Another request changed the reservation while this one was under way. Nothing was done; read it and decide again.</summary>
    public static readonly ProblemType ReservationChanged = new("reservation_changed", StatusCodes.Status409Conflict, "The reservation was changed meanwhile")
    {
        Like = "It was changed a moment ago; nothing was charged. Look at it and buy again.",
    };

    /// <summary>The hold was released, completed, or is being paid already.</summary>
    public static readonly ProblemType ReservationNotHeld = new("reservation_not_held", StatusCodes.Status409Conflict, "The reservation is not held any more")
    {
        Like = "It is being paid already.",
    };

    /// <summary>Its time is over; its tickets went back on sale.</summary>
    public static readonly ProblemType ReservationExpired = new("reservation_expired", StatusCodes.Status410Gone, "The reservation has expired")
    {
        Like = "It expired at 2026-10-01 19:10:00Z; nothing was charged. Reserve again.",
    };

    /// <summary>The event sells to people who have signed in (<c>buyerPolicy</c>), and the caller is a guest.</summary>
    public static readonly ProblemType AccountRequired = new("account_required", StatusCodes.Status403Forbidden, "Sign in to buy these tickets")
    {
        Like = "The organiser sells these tickets to buyers who have signed in; nothing was charged.",
    };

    /// <summary>The caller's token does not say that its e-mail address was verified (<c>email_verified: true</c>), and this needs it.</summary>
    public static readonly ProblemType EmailNotVerified = new("email_not_verified", StatusCodes.Status403Forbidden, "The e-mail address is not verified")
    {
        Like = "Verify your e-mail address, then sign in again; nothing was charged.",
    };

    /// <summary>The tickets or the whole order were given back or cancelled before; nothing was done again.</summary>
    public static readonly ProblemType AlreadyRefunded = new("already_refunded", StatusCodes.Status409Conflict, "It has been given back already")
    {
        Like = "All of the order has been given back.",
    };

    /// <summary>The ticket has let somebody in: it is not given away any more, and only the organiser can still take it back.</summary>
    public static readonly ProblemType TicketUsed = new("ticket_used", StatusCodes.Status409Conflict, "The ticket has been used")
    {
        Like = "Ticket 0199a1b2-7c00-7000-8000-000000000006 has been admitted; ask the organiser.",
    };

    /// <summary>The organiser has blocked the ticket, which may be in dispute. No refund of a whole order and no cancelled event pays it; only a manager who names the ticket does.</summary>
    public static readonly ProblemType TicketBlocked = new("ticket_blocked", StatusCodes.Status409Conflict, "The ticket is blocked")
    {
        Like = "Ticket 0199a1b2-7c00-7000-8000-000000000006 is blocked; ask the organiser.",
    };

    /// <summary>It was blocked, refunded or cancelled, or not paid yet, so it admits nobody and there is nothing to show, to give away or to give back.</summary>
    public static readonly ProblemType TicketNotIssued = new("ticket_not_issued", StatusCodes.Status409Conflict, "The ticket does not admit")
    {
        Like = "The order is payment_pending; it has no tickets.",
    };

    /// <summary>The event's policy lets holders give tickets back until some hours before its start; afterwards only the organiser can.</summary>
    public static readonly ProblemType RefundWindowClosed = new("refund_window_closed", StatusCodes.Status422UnprocessableEntity, "The time for refunds is over")
    {
        Like = "Refunds ended at 2026-11-21 19:30:00Z; ask the organiser.",
    };

    /// <summary>The service's configuration does not allow it, or it does not fit this order.</summary>
    public static readonly ProblemType PaymentMethodUnavailable = new("payment_method_unavailable", StatusCodes.Status422UnprocessableEntity, "This payment method cannot be used here")
    {
        Like = "\"cash\" cannot be used here.",
    };

    /// <summary>Of one type in one order, whatever the type says.</summary>
    public const int MaxQuantity = 1_000_000;

    /// <param name="place">In the list of items, from 0.</param>
    /// <param name="type">Its name, and how many of it one order may have.</param>
    /// <returns>The refusal of a quantity that no order may have, or that this type does not sell; null if it may be asked for.</returns>
    public static Refusal? RefuseQuantity(int place, int quantity, (string Name, int MinPerOrder, int MaxPerOrder) type)
    {
        var bounds = $"\"{type.Name}\" is sold in orders of {type.MinPerOrder} to {type.MaxPerOrder}.";
        return quantity is < 1 or > MaxQuantity ? PlatformProblems.Invalid($"/items/{place}/quantity", bounds)
            : quantity < type.MinPerOrder || quantity > type.MaxPerOrder ? LimitPerOrder.With(bounds)
            : null;
    }
}
