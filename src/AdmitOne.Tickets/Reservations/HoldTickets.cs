using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using AdmitOne.Contracts;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Idempotency;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Inventory;
using AdmitOne.Tickets.Pricing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Reservations;

/// <summary>What to set aside.</summary>
public sealed record HoldRequest : IValidatableObject
{
    public required Guid EventId { get; init; }

    [MinLength(1), MaxLength(WantedItems.MaxTypes), NoNulls]
    public required IReadOnlyList<WantedItem> Items { get; init; }

    /// <summary>One code, or up to three that may be combined, separated by commas. The reservation keeps the price that they make; a use is counted when it is bought.</summary>
    [PlainText(DiscountCodes.MaxText)]
    public string? DiscountCode { get; init; }

    /// <summary>What the customer was shown. If it costs anything else now, nothing is held: 409 <c>price_changed</c> with the new total.</summary>
    public Money? ExpectedTotal { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => WantedItems.Repeated(Items);
}

internal static class HoldTickets
{
    public static void Map(IEndpointRouteBuilder reservations) =>
        reservations.MapPost("/", HandleAsync)
            .WithName("HoldTickets").WithSummary("Set tickets aside for a while, all or nothing").WithRateTier(RateTier.Purchase).CountedNotLogged().KeepsItsOwnAnswer()
            .WithRequestExample(ReservationExamples.Asked).WithAnswerExample(ReservationExamples.Held).WithEntityTag()
            .MayRefuseWith(PlatformProblems.NotFound, InventoryProblems.InsufficientInventory, InventoryProblems.SalesNotOpen, InventoryProblems.LimitPerOrder,
                InventoryProblems.LimitPerCustomer, InventoryProblems.LimitUnpaid, PricingProblems.DiscountInvalid, PricingProblems.DiscountExhausted, PricingProblems.PriceChanged, InventoryProblems.AccountRequired,
                InventoryProblems.EmailNotVerified, PlatformProblems.Overloaded);

    private static async Task<Results<Created<Reservation>, Refusal>> HandleAsync(
        HoldRequest request, IdempotencyKey? key, Caller caller, HttpContext context, EventLanes lanes, ReservationMetrics metrics, IOptions<ReservationOptions> options)
    {
        var (codes, unreadable) = DiscountCodes.Read(request.DiscountCode);
        if (unreadable is not null) return unreadable;
        var hold = new HoldStock(caller.TenantId, request.EventId, caller.UserId, WantedItems.Read(request.Items), TimeSpan.FromSeconds(options.Value.TtlSeconds))
        {
            DiscountCodes = codes,
            ExpectedTotal = request.ExpectedTotal,
            Buyer = BuyerStandings.Of(caller),
            Keyed = key is null ? null : (new KeyedRequest(caller.UserId, key.Route, key.Key, key.Fingerprint), Kept),
        };
        var (made, refusal) = await lanes.RunAsync(hold, context.RequestAborted);
        if (hold.Repeated is { } before)
        {
            context.Response.Headers["Idempotency-Replayed"] = "true";
            var held = JsonSerializer.Deserialize<Reservation>(before.Body, Json.Answers)!;
            return Created(context, held);
        }
        metrics.Answered(refusal);
        return made is null ? refusal! : Created(context, Reservation.Of(made, "held"));
    }

    private static Created<Reservation> Created(HttpContext context, Reservation held)
    {
        context.Response.Headers.ETag = held.Tag();
        return TypedResults.Created(Path(held.Id), held);
    }

    private static StoredAnswer Kept(HoldMade made)
    {
        var held = Reservation.Of(made, "held");
        return new(StatusCodes.Status201Created, JsonSerializer.Serialize(held, Json.Answers), Path(made.HoldId), held.Tag());
    }

    private static string Path(Guid holdId) => $"/api/v1/reservations/{holdId}";
}
