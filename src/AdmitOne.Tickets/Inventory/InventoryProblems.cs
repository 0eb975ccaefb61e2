using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Tickets.Inventory;

/// <summary>Why stock was not moved.</summary>
public static class InventoryProblems
{
    /// <summary>Stock ran out between looking and taking. Trying again helps only after a release. `available` says what is left of each type.</summary>
    public static readonly ProblemType InsufficientInventory = new("insufficient_inventory", StatusCodes.Status409Conflict, "Not enough tickets are left");

    /// <summary>Paused, outside the sale's window, or a type that is not on sale yet.</summary>
    public static readonly ProblemType SalesNotOpen = new("sales_not_open", StatusCodes.Status422UnprocessableEntity, "It is not on sale now");

    public static readonly ProblemType LimitPerOrder = new("limit_per_order", StatusCodes.Status422UnprocessableEntity, "The order is too small or too large");

    /// <summary>Held and bought count together.</summary>
    public static readonly ProblemType LimitPerCustomer = new("limit_per_customer", StatusCodes.Status422UnprocessableEntity, "The customer has as many as allowed");

    /// <summary>The hold was released, completed, or is being paid already.</summary>
    public static readonly ProblemType ReservationNotHeld = new("reservation_not_held", StatusCodes.Status409Conflict, "The reservation is not held any more");

    /// <summary>Its time is over; its tickets went back on sale.</summary>
    public static readonly ProblemType ReservationExpired = new("reservation_expired", StatusCodes.Status410Gone, "The reservation has expired");

    public static readonly ProblemType PaymentMethodUnavailable = new("payment_method_unavailable", StatusCodes.Status422UnprocessableEntity, "This payment method cannot be used here");
}
