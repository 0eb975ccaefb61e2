using System.Text.Json.Nodes;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Inventory;
using AdmitOne.Tickets.Pricing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Reservations;

internal static class ChangeReservation
{
    public static void Map(IEndpointRouteBuilder reservations) =>
        reservations.MapPatch("/{id}", HandleAsync)
            .WithName("ChangeReservation").WithSummary("Change the tickets or the discount code of a reservation (merge patch)").Accepts<HoldRequest>("application/merge-patch+json", "application/json")
            .WithDescription("items replaces all items; discountCode null takes the discount away. The price is the present one, expiresAt stays. A change that is refused leaves the reservation as it was. "
                + "If-Match may name the ETag that was read; a reservation that was changed since is then answered 412. Without it the last change counts.")
            .WithRateTier(RateTier.Write)
            .WithRequestExample(ReservationExamples.Patch).WithAnswerExample(ReservationExamples.Changed).WithEntityTag()
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.NotOwner, PlatformProblems.VersionMismatch, InventoryProblems.ReservationNotHeld, InventoryProblems.ReservationExpired,
                InventoryProblems.ReservationChanged, InventoryProblems.InsufficientInventory, InventoryProblems.SalesNotOpen, InventoryProblems.LimitPerOrder, InventoryProblems.LimitPerCustomer,
                InventoryProblems.LimitUnpaid, PricingProblems.DiscountInvalid, PricingProblems.DiscountExhausted, PlatformProblems.Overloaded);

    private static async Task<Results<Ok<Reservation>, Refusal>> HandleAsync(
        Guid id, JsonObject patch, Caller caller, HttpContext context, Database database, EventLanes lanes, MergePatch merge, CancellationToken cancellationToken)
    {
        var rows = await HoldRows.ReadAsync(database.Look(caller.TenantId), id, cancellationToken);
        if (rows.Count == 0) return PlatformProblems.NotFound.With("There is no such reservation.");
        if (rows[0].UserId != caller.UserId) return PlatformProblems.NotOwner.With("The reservation is somebody else's.");
        var (after, invalid) = await merge.ApplyAsync(AsPosted(rows), patch, cancellationToken);
        if (after is null) return invalid!;
        if (after.EventId != rows[0].EventId) return PlatformProblems.Invalid("/eventId", "A reservation keeps its event: release it and reserve again.");
        var (codes, unreadable) = DiscountCodes.Read(after.DiscountCode);
        if (unreadable is not null) return unreadable;

        var change = new ChangeHold(caller.TenantId, rows[0].EventId, caller.UserId, id, [.. rows.Select(r => r.TicketTypeId)], WantedItems.Read(after.Items),
            hold => EntityTag.Accepts(context, Reservation.Of(hold, "held").Tag()))
        { DiscountCodes = codes };
        var (changed, refusal) = await lanes.RunAsync(change, cancellationToken);
        if (changed is null) return refusal!;
        context.NeverCache();
        var answer = Reservation.Of(changed, "held");
        context.Response.Headers.ETag = answer.Tag();
        return TypedResults.Ok(answer);
    }

    private static HoldRequest AsPosted(IReadOnlyList<HoldRow> rows) => new()
    {
        EventId = rows[0].EventId,
        Items = [.. rows.Select(r => new WantedItem { TicketTypeId = r.TicketTypeId, Quantity = r.Quantity })],
        DiscountCode = Priced.Read(rows[0].Priced)?.Discounts is { Count: > 0 } discounts ? string.Join(',', discounts.Select(d => d.Code)) : null,
    };
}
