using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Idempotency;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Inventory;
using AdmitOne.Tickets.Payments;
using AdmitOne.Tickets.Reservations;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Purchases;

/// <summary>Buys a reservation, or tickets in one step: either <c>reservationId</c>, or <c>eventId</c> with <c>items</c>.</summary>
public sealed record PurchaseRequest : IValidatableObject
{
    public Guid? ReservationId { get; init; }

    public Guid? EventId { get; init; }

    [MinLength(1), MaxLength(WantedItems.MaxTypes), NoNulls]
    public IReadOnlyList<WantedItem>? Items { get; init; }

    [PlainText(64)]
    public string? DiscountCode { get; init; }

    public required PaymentRequest Payment { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (ReservationId is null && EventId is null) yield return new ValidationResult("Give reservationId, or eventId with items.", [nameof(ReservationId)]);
        if (ReservationId is not null && (EventId is not null || Items is not null || DiscountCode is not null))
            yield return new ValidationResult("A reservation has its event, items and price already: give it alone.", [nameof(ReservationId)]);
        if (EventId is not null && Items is null) yield return new ValidationResult("Say what to buy of this event.", [nameof(Items)]);
        foreach (var repeated in WantedItems.Repeated(Items ?? [])) yield return repeated;
    }
}

/// <summary>How it is paid.</summary>
public sealed record PaymentRequest
{
    /// <summary><c>test</c>, <c>free</c>, <c>cash</c> or <c>stripe</c>, of which the service's configuration allows some.</summary>
    [AllowedValues("test", "free", "cash", "stripe", ErrorMessage = "Must be test, free, cash or stripe.")]
    public required string Method { get; init; }

    /// <summary>What the provider knows the means of payment by.</summary>
    [PlainText(200)]
    public string? Token { get; init; }
}

internal static class BuyTickets
{
    // The reconciler leaves a payment to its own request for this long.
    private static readonly TimeSpan s_askAfter = TimeSpan.FromSeconds(15);

    public static void Map(IEndpointRouteBuilder purchases) =>
        purchases.MapPost("/", HandleAsync)
            .WithName("BuyTickets").WithSummary("Turn a reservation, or tickets in one step, into a paid order")
            .WithRateTier(RateTier.Purchase).IdempotencyRequired().CountedNotLogged()
            .Produces<Purchase>(StatusCodes.Status201Created).Produces<Purchase>(StatusCodes.Status202Accepted)
            .WithRequestExample(PurchaseExamples.OfReservation, "reservation").WithRequestExample(PurchaseExamples.InOneStep, "inOneStep")
            .WithAnswerExample(PurchaseExamples.Paid, StatusCodes.Status201Created).WithAnswerExample(PurchaseExamples.Pending, StatusCodes.Status202Accepted)
            .MayRefuseWith(PurchaseProblems.PaymentDeclined, PlatformProblems.NotFound, PlatformProblems.NotOwner, InventoryProblems.ReservationExpired,
                InventoryProblems.ReservationNotHeld, InventoryProblems.InsufficientInventory, InventoryProblems.SalesNotOpen, InventoryProblems.LimitPerOrder,
                InventoryProblems.LimitPerCustomer, InventoryProblems.PaymentMethodUnavailable, WantedItems.DiscountInvalid, PlatformProblems.Overloaded);

    private static async Task<IResult> HandleAsync(
        PurchaseRequest request, IdempotencyKey key, Caller caller, Database database, EventLanes lanes, PaymentDesk desk, PaymentProviders providers, RunningRequests running,
        IOptions<PaymentOptions> options, IOptions<ServiceOptions> service, PurchaseMetrics metrics, TimeProvider clock, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        var keyed = new KeyedRequest(caller.UserId, key.Route, key.Key, key.Fingerprint);
        using var turn = await running.EnterAsync((caller.TenantId, caller.UserId, key.Route, key.Key), cancellationToken);

        var (wanted, eventId, refusal) = await LookAsync(request, keyed, caller, database, cancellationToken);
        refusal ??= RefuseMethod(request.Payment, providers, options.Value.Methods(service.Value.IsProduction));
        if (refusal is not null && wanted?.Before is null) return Refuse(refusal);
        if (wanted!.Before is { } before) return Replay(before);

        var begin = new BeginPayment(caller.TenantId, eventId, caller.UserId, wanted.Tickets, new PaymentWish(request.Payment.Method, request.Payment.Token),
            new PaymentTimes(TimeSpan.FromSeconds(options.Value.WindowSeconds), s_askAfter), keyed, PurchaseAnswer.Paid);
        var (begun, refused) = await lanes.RunAsync(begin);
        if (begun is null) return Refuse(refused!);
        if (begun.Repeated is { } repeated) return Replay(repeated);
        if (begun.Paid is { } free) return Answer("paid", PurchaseAnswer.Paid(free));

        // From here on money may move: a client that hangs up changes nothing about how this ends.
        var pending = begun.Pending!;
        var settled = await desk.ChargeAsync(new OpenPayment
        {
            TenantId = caller.TenantId,
            EventId = eventId,
            OrderId = pending.OrderId,
            HoldId = pending.HoldId,
            UserId = caller.UserId,
            PaymentId = pending.PaymentId,
            Method = request.Payment.Method,
            Token = request.Payment.Token,
            AmountMinor = pending.TotalMinor,
            Currency = pending.Currency,
            HoldExpiresAt = pending.HoldExpiresAt,
            TicketTypeIds = wanted.Tickets.Items.Select(i => i.TicketTypeId).ToArray(),
        });
        if (settled.Settled is { Paid: { } paid }) return Answer("paid", PurchaseAnswer.Paid(paid));

        // Nothing yet, or somebody else settled it in between: what is kept under the key is what this buyer is told.
        var kept = await KeepAsync(database, caller.TenantId, keyed, PurchaseAnswer.Pending(pending));
        return Answer(kept.Status switch { StatusCodes.Status201Created => "paid", StatusCodes.Status202Accepted => "pending", _ => "declined" }, kept);

        IResult Refuse(Refusal because)
        {
            metrics.Answered("refused", clock.GetElapsedTime(started));
            return because;
        }

        IResult Replay(StoredAnswer answer)
        {
            metrics.Answered("replayed", clock.GetElapsedTime(started));
            return new KeptAnswerResult(answer, replayed: true);
        }

        IResult Answer(string result, StoredAnswer answer)
        {
            metrics.Answered(result, clock.GetElapsedTime(started));
            return new KeptAnswerResult(answer, replayed: false);
        }
    }

    private static Refusal? RefuseMethod(PaymentRequest payment, PaymentProviders providers, string[] methods) =>
        payment.Method is not ("test" or "free") || !methods.Contains(payment.Method)
            ? InventoryProblems.PaymentMethodUnavailable.With($"\"{payment.Method}\" cannot be used here.")
            : providers.Of(payment.Method).RefuseToken(payment.Token);

    /// <summary>What was asked before under this key, and which event's lane a reservation belongs to. Both may change until the lane decides.</summary>
    private static async Task<(Wanted? Wanted, Guid EventId, Refusal? Refusal)> LookAsync(
        PurchaseRequest request, KeyedRequest keyed, Caller caller, Database database, CancellationToken cancellationToken)
    {
        if (request.ReservationId is not { } holdId)
        {
            return WantedItems.RefuseDiscount(request.DiscountCode) is { } discount
                ? (null, default, discount)
                : (new Wanted(new WantedTickets(null, WantedItems.Read(request.Items!)), null), request.EventId!.Value, null);
        }
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        var rows = await HoldRows.ReadAsync(work, holdId, cancellationToken);
        if (rows.Count > 0)
            return (new Wanted(new WantedTickets(holdId, rows.Select(r => new HoldItem(r.TicketTypeId, r.Quantity)).ToArray()), null), rows[0].EventId, null);

        // The reservation may be long gone and its purchase's answer still kept.
        return await FindKeptAsync(work, keyed, cancellationToken) is { } kept
            ? (new Wanted(new WantedTickets(holdId, []), kept), default, null)
            : (null, default, PlatformProblems.NotFound.With("There is no such reservation."));
    }

    private static async Task<StoredAnswer> KeepAsync(Database database, Guid tenantId, KeyedRequest keyed, StoredAnswer pending)
    {
        await using var work = await database.BeginAsync(tenantId, CancellationToken.None);
        var mine = await work.ExecuteAsync("""
            update platform.idempotency_keys set status = 'done', response_status = @Status, response_body = @Body
             where user_id = @UserId and route = @Route and key = @Key and status = 'running'
            """, new { pending.Status, pending.Body, keyed.UserId, keyed.Route, keyed.Key }, CancellationToken.None);
        var kept = mine == 1 ? pending : await FindKeptAsync(work, keyed, CancellationToken.None) ?? pending;
        await work.CommitAsync(CancellationToken.None);
        return kept;
    }

    private static async Task<StoredAnswer?> FindKeptAsync(TenantWork work, KeyedRequest keyed, CancellationToken cancellationToken)
    {
        var row = await work.FindAsync<KeptRow>("""
            select response_status, response_body from platform.idempotency_keys
             where user_id = @UserId and route = @Route and key = @Key and fingerprint = @Fingerprint and status = 'done'
            """, keyed, cancellationToken);
        return row is null ? null : new StoredAnswer(row.ResponseStatus, row.ResponseBody);
    }

    private sealed record Wanted(WantedTickets Tickets, StoredAnswer? Before);

    private sealed class KeptRow
    {
        public int ResponseStatus { get; init; }
        public string ResponseBody { get; init; } = "";
    }
}
