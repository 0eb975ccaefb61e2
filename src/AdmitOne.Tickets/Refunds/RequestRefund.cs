using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using AdmitOne.Contracts;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Idempotency;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Inventory;
using AdmitOne.Tickets.Purchases;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Refunds;

/// <summary>Which tickets of an order to give back.</summary>
public sealed record RefundRequest : IValidatableObject
{
    /// <summary>Without it, all that the caller can still give back: <c>leftOut</c> says which stay and why. A blocked ticket goes back only if a manager names it.</summary>
    [MinLength(1), MaxLength(1000)]
    public IReadOnlyList<Guid>? TicketIds { get; init; }

    [PlainText(500)]
    public required string Reason { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        var seen = new HashSet<Guid>();
        for (var n = 0; n < TicketIds?.Count; n++)
            if (!seen.Add(TicketIds[n])) yield return new ValidationResult("Is named twice.", [$"{nameof(TicketIds)}[{n}]"]);
    }
}

/// <summary>
/// Who has a ticket gives it back, bought or transferred, within the event's policy and for its fee; a manager whatever they say, at any time and whole.
/// The money always goes to who paid.
/// </summary>
internal static class RequestRefund
{
    public static void Map(IEndpointRouteBuilder refunds) =>
        refunds.MapPost("/", HandleAsync)
            .WithName("RequestRefund").WithSummary("Give an order's tickets back, all or some; ?preview=true only says what it comes to")
            .WithRateTier(RateTier.Write).IdempotencyRequired(unlessQuery: "preview")
            .Produces<RefundPreview>().Produces<Refund>(StatusCodes.Status201Created)
            .WithRequestExample(RefundExamples.OfOne, "some").WithRequestExample(RefundExamples.OfAll, "all")
            .WithAnswerExample(RefundExamples.Preview, StatusCodes.Status200OK).WithAnswerExample(RefundExamples.Accepted, StatusCodes.Status201Created)
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.NotOwner, InventoryProblems.AlreadyRefunded, InventoryProblems.TicketUsed, InventoryProblems.TicketNotIssued, InventoryProblems.TicketBlocked,
                InventoryProblems.RefundWindowClosed, PlatformProblems.Overloaded);

    private static Task<IResult> HandleAsync(
        Guid id, bool? preview, RefundRequest request, IdempotencyKey? key, Caller caller, Actor actor, Database database, EventLanes lanes, RunningRequests running, HttpContext context,
        CancellationToken cancellationToken) => AnswerAsync((id, request, preview == true), key, caller, actor, database, lanes, running, context, cancellationToken);

    /// <param name="wanted">Of which order what is given back, and whether only to say what it comes to.</param>
    /// <param name="caller">A manager gives back anything, another caller what is theirs.</param>
    public static async Task<IResult> AnswerAsync(
        (Guid OrderId, RefundRequest Request, bool IsPreview) wanted, IdempotencyKey? key, Caller caller, Actor actor, Database database, EventLanes lanes, RunningRequests running, HttpContext context,
        CancellationToken cancellationToken)
    {
        var (id, request, isPreview) = wanted;
        RefundableOrder? order;
        await using (var work = await database.BeginAsync(caller.TenantId, cancellationToken)) order = await RefundableOrder.FindAsync(work, id, cancellationToken);
        if (order is null) return PlatformProblems.NotFound.With("There is no such order.");

        var wish = new RefundWish(id, request.TicketIds, request.Reason, actor)
        {
            HolderId = caller.IsManager ? null : caller.UserId, DiscountIds = order.DiscountIds, IsPreview = isPreview,
        };
        if (wish.IsPreview)
        {
            var (found, no) = await lanes.RunAsync(new RefundTickets(caller.TenantId, order.EventId, order.TicketTypeIds, wish), cancellationToken);
            context.NeverCache();
            return found?.Made is { } would
                ? TypedResults.Ok(new RefundPreview(id, Money.Of(would.AmountMinor, would.Currency), Money.Of(would.FeeMinor, would.Currency), would.TicketIds, would.LeftOut))
                : no!;
        }

        var keyed = new KeyedRequest(caller.UserId, key!.Route, key.Key, key.Fingerprint);
        using var turn = await running.EnterAsync((caller.TenantId, caller.UserId, key.Route, key.Key), cancellationToken);
        var (answer, refusal) = await lanes.RunAsync(new RefundTickets(caller.TenantId, order.EventId, order.TicketTypeIds, wish, new KeyedRefund(keyed, Accepted)), cancellationToken);
        if (answer is null) return refusal!;
        return answer.Repeated is { } before ? new KeptAnswerResult(before, replayed: true) : new KeptAnswerResult(Accepted(answer.Made!), replayed: false);
    }

    private static StoredAnswer Accepted(RefundMade made) => new(StatusCodes.Status201Created, JsonSerializer.Serialize(new Refund(made.RefundId, made.OrderId, made.OrderStatus,
        made.Status, Money.Of(made.AmountMinor, made.Currency), Money.Of(made.FeeMinor, made.Currency), made.TicketIds, made.Reason, made.LeftOut, made.At), Json.Answers));
}
