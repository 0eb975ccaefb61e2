using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Idempotency;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Problems;
using AdmitOne.Platform.Text;
using AdmitOne.Tickets.Inventory;
using AdmitOne.Tickets.Reservations;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Purchases;

/// <summary>Tickets to give away.</summary>
public sealed record ComplimentaryRequest : IValidatableObject
{
    [MinLength(1), MaxLength(WantedItems.MaxTypes), NoNulls]
    public required IReadOnlyList<WantedItem> Items { get; init; }

    /// <summary>Kept in the audit log.</summary>
    [PlainText(500)]
    public required string Reason { get; init; }

    /// <summary>Where the tickets go.</summary>
    [Email]
    public string? ContactEmail { get; init; }

    [PlainText(200)]
    public string? BuyerName { get; init => field = value?.Trim(); }

    /// <summary>A tag of BCP 47 such as <c>nl</c> or <c>pt-BR</c>.</summary>
    [StringLength(LanguageTag.MaxLength), RegularExpression(LanguageTag.Pattern, MatchTimeoutInMilliseconds = -1, ErrorMessage = LanguageTag.Fault)]
    public string? Language { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => WantedItems.Repeated(Items);
}

/// <summary>
/// Issues tickets that cost nothing, whatever their types' prices are. They take places as sold ones do; the order has no owner, names who gave them, and its page shows their codes.
/// </summary>
internal static class GiveTickets
{
    private static readonly PaymentTimes s_times = new(TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1));   // settled at once: neither passes

    public static void Map(IEndpointRouteBuilder ofEvent) =>
        ofEvent.MapPost("/complimentary-orders", HandleAsync)
            .WithName("GiveTickets").WithSummary("Issue complimentary tickets, with a reason for the audit log")
            .WithDescription("They count against stock and the limits of their types, and cost nothing. The order has no owner: staff read its pageKey, which opens its page with the codes.")
            .WithRateTier(RateTier.Purchase).IdempotencyRequired()
            .Produces<Purchase>(StatusCodes.Status201Created)
            .WithRequestExample(new ComplimentaryRequest { Items = PurchaseExamples.InOneStep.Items!, Reason = "For the press.", ContactEmail = "press@example.com" })
            .WithAnswerExample(PurchaseExamples.Paid with { Total = ExampleSale.Nothing }, StatusCodes.Status201Created)
            .MayRefuseWith(PlatformProblems.NotFound, InventoryProblems.InsufficientInventory, InventoryProblems.SalesNotOpen, InventoryProblems.LimitPerOrder, PlatformProblems.Overloaded);

    private static async Task<IResult> HandleAsync(
        Guid eventId, ComplimentaryRequest request, IdempotencyKey key, Caller caller, Actor actor, EventLanes lanes, RunningRequests running, CancellationToken cancellationToken)
    {
        using var turn = await running.EnterAsync((caller.TenantId, caller.UserId, key.Route, key.Key), cancellationToken);
        var wish = new PaymentWish("free", null)
        {
            SoldBy = actor, ComplimentaryBecause = request.Reason.Trim(),
            Contact = new OrderContact(request.ContactEmail is { } email ? EmailAddress.Fold(email) : null, request.BuyerName, request.Language, IsGuest: false),
        };
        var begin = new BeginPayment(caller.TenantId, eventId, caller.UserId, new WantedTickets(null, WantedItems.Read(request.Items), WantedDiscounts.None), wish, s_times,
            new KeyedRequest(caller.UserId, key.Route, key.Key, key.Fingerprint), PurchaseAnswer.Paid);
        var (begun, refusal) = await lanes.FinishAsync(begin, cancellationToken);
        if (begun is null) return refusal!;
        return begun.Repeated is { } before ? new KeptAnswerResult(before, replayed: true) : new KeptAnswerResult(PurchaseAnswer.Paid(begun.Paid!), replayed: false);
    }
}
