using System.ComponentModel.DataAnnotations;
using AdmitOne.Contracts;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Idempotency;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Platform.Text;
using AdmitOne.Tickets.Inventory;
using AdmitOne.Tickets.Payments;
using AdmitOne.Tickets.Pricing;
using AdmitOne.Tickets.Reservations;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Purchases;

/// <summary>Buys a reservation, or tickets in one step: either <c>reservationId</c>, or <c>eventId</c> with <c>items</c>.</summary>
public sealed record PurchaseRequest : IValidatableObject
{
    public Guid? ReservationId { get; init; }

    public Guid? EventId { get; init; }

    [MinLength(1), MaxLength(WantedItems.MaxTypes), NoNulls]
    public IReadOnlyList<WantedItem>? Items { get; init; }

    /// <summary>Of a purchase in one step: one code, or up to three that may be combined, separated by commas.</summary>
    [PlainText(DiscountCodes.MaxText)]
    public string? DiscountCode { get; init; }

    /// <summary>What the customer was shown. If it costs anything else now, nothing is held or charged: 409 <c>price_changed</c> with the new total.</summary>
    public Money? ExpectedTotal { get; init; }

    public required PaymentRequest Payment { get; init; }

    /// <summary>Where the order's messages go; the address of the caller's token unless given. Needed from a guest.</summary>
    [Email]
    public string? ContactEmail { get; init; }

    [PlainText(200)]
    public string? BuyerName { get; init => field = value?.Trim(); }

    /// <summary>The buyer's language, a tag of BCP 47 such as <c>nl</c> or <c>pt-BR</c>.</summary>
    [StringLength(LanguageTag.MaxLength), RegularExpression(LanguageTag.Pattern, MatchTimeoutInMilliseconds = -1, ErrorMessage = LanguageTag.Fault)]
    public string? Language { get; init; }

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

    /// <summary>What the provider knows the means of payment by: a token of the test provider's, a PaymentMethod of Stripe's, nothing for free and cash.</summary>
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
                InventoryProblems.LimitPerCustomer, InventoryProblems.PaymentMethodUnavailable, PlatformProblems.RoleRequired, PricingProblems.DiscountInvalid,
                PricingProblems.DiscountExhausted, PricingProblems.PriceChanged, InventoryProblems.AccountRequired, InventoryProblems.EmailNotVerified, PlatformProblems.Overloaded);

    // Once a purchase has begun it goes on to its end, also when its time is over or its client has left; who asks again with the key finds what it came to.
    private static Task<IResult> HandleAsync(
        PurchaseRequest request, IdempotencyKey key, Caller caller, Actor actor, Database database, EventLanes lanes, PaymentDesk desk, PaymentProviders providers, RunningRequests running, SecretSeal seal,
        IOptions<PaymentOptions> options, IOptions<ServiceOptions> service, PurchaseMetrics metrics, TimeProvider clock, ILogger<PaymentDesk> logger, CancellationToken cancellationToken) =>
        LateWork.WithinAsync(BuyAsync(request, key, caller, actor, database, lanes, desk, providers, running, seal, options, service, metrics, clock, cancellationToken), logger, cancellationToken);

    private static async Task<IResult> BuyAsync(
        PurchaseRequest request, IdempotencyKey key, Caller caller, Actor actor, Database database, EventLanes lanes, PaymentDesk desk, PaymentProviders providers, RunningRequests running, SecretSeal seal,
        IOptions<PaymentOptions> options, IOptions<ServiceOptions> service, PurchaseMetrics metrics, TimeProvider clock, CancellationToken cancellationToken)
    {
        using var measured = metrics.Begin(clock);
        var keyed = new KeyedRequest(caller.UserId, key.Route, key.Key, key.Fingerprint);
        using var turn = await running.EnterAsync((caller.TenantId, caller.UserId, key.Route, key.Key), cancellationToken);

        var (codes, unreadable) = DiscountCodes.Read(request.DiscountCode);
        if (unreadable is not null) return Refuse(unreadable);
        if (RefuseMethod(request, caller, providers, options.Value.Methods(service.Value.IsProduction)) is { } unusable) return Refuse(unusable);
        if (caller.IsGuest && request.ContactEmail is null) return Refuse(PlatformProblems.Invalid("/contactEmail", "Say where the tickets go: without a sign-in there is no other address."));
        var (wanted, eventId, before) = request.ReservationId is { } holdId
            ? await FindHoldAsync(holdId, keyed, caller, database, cancellationToken)
            : (new WantedTickets(null, WantedItems.Read(request.Items!), WantedDiscounts.Of(codes)), request.EventId!.Value, null);
        if (before is not null) return Replay(before);
        if (wanted is null) return Refuse(PlatformProblems.NotFound.With("There is no such reservation."));

        var begin = new BeginPayment(caller.TenantId, eventId, caller.UserId, wanted with { ExpectedTotal = request.ExpectedTotal }, new PaymentWish(request.Payment.Method, request.Payment.Token)
        {
            SoldBy = request.Payment.Method == "cash" ? actor : null, RefuseAmount = providers.Of(request.Payment.Method).RefuseAmount,
            Contact = ContactOf(request, caller), Buyer = BuyerStandings.Of(caller),
        },
            new PaymentTimes(TimeSpan.FromSeconds(options.Value.WindowSeconds), s_askAfter), keyed, PurchaseAnswer.Paid);
        var (begun, refused) = await lanes.FinishAsync(begin, cancellationToken);
        if (begun is null) return Refuse(refused!);
        if (begun.Repeated is { } repeated) return Replay(repeated);
        if (begun.Paid is { } here) return Answer("paid", PurchaseAnswer.Paid(here));

        // From here on money may move: a client that hangs up changes nothing about how this ends.
        var charged = await desk.ChargeAsync(begun.Pending!);
        if (charged.Settled is { Answer: { } told }) return Answer("paid", told);

        // Nothing yet, or somebody else settled it in between: what is kept under the key is what this buyer is told.
        var pending = PurchaseAnswer.Pending(begun.Pending!, charged.Action);
        var kept = await KeepAsync(database, caller.TenantId, keyed, charged.Action?.ClientSecret is null ? pending : pending with { Body = seal.Seal(pending.Body, Of()) });
        kept = kept with { Body = seal.Open(kept.Body, Of())! };
        return Answer(kept.Status switch { StatusCodes.Status201Created => "paid", StatusCodes.Status202Accepted => "pending", _ => "declined" }, kept);

        IResult Refuse(Refusal because)
        {
            measured.Answered("refused");
            return because;
        }

        IResult Replay(StoredAnswer answer)
        {
            measured.Answered("replayed");
            return seal.Open(answer.Body, Of()) is { } body
                ? new KeptAnswerResult(answer with { Body = body }, replayed: true)
                : PlatformProblems.IdempotencyKeyReused.With("The order is there, but this answer can no longer be shown: read the order.");
        }

        string Of() => $"{caller.TenantId:n} {caller.UserId:n} {key.Route} {key.Key}";

        IResult Answer(string result, StoredAnswer answer)
        {
            measured.Answered(result);
            return new KeptAnswerResult(answer, replayed: false);
        }
    }

    // What is sold at the counter is not for the seller.
    private static OrderContact ContactOf(PurchaseRequest request, Caller caller)
    {
        var own = request.Payment.Method != "cash" && EmailAddress.TryParse(caller.Email, out var address) ? address : null;
        return new OrderContact(request.ContactEmail is { } given ? EmailAddress.Fold(given) : own, request.BuyerName, request.Language, caller.IsGuest);
    }

    private static Refusal? RefuseMethod(PurchaseRequest request, Caller caller, PaymentProviders providers, string[] methods) =>
        !methods.Contains(request.Payment.Method) ? InventoryProblems.PaymentMethodUnavailable.With($"\"{request.Payment.Method}\" cannot be used here.")
        : request.Payment.Method == "cash" && !caller.IsStaff ? PlatformProblems.RoleRequired.With("Cash is taken at the box office, by venue_staff.")
        : providers.Of(request.Payment.Method).RefuseToken(request.Payment.Token);

    /// <summary>
    /// Which event's lane a reservation belongs to; that may change until the lane decides. The answer kept under the key comes first: the reservation
    /// may be long gone by then.
    /// </summary>
    private static async Task<(WantedTickets? Wanted, Guid EventId, StoredAnswer? Before)> FindHoldAsync(
        Guid holdId, KeyedRequest keyed, Caller caller, Database database, CancellationToken cancellationToken)
    {
        var look = database.Look(caller.TenantId);
        if (await FindKeptAsync(look, keyed, cancellationToken) is { } kept) return (null, default, kept);
        var rows = await HoldRows.ReadAsync(look, holdId, cancellationToken);
        return rows.Count == 0 ? default : (new WantedTickets(holdId, rows.Select(r => new HoldItem(r.TicketTypeId, r.Quantity)).ToArray(),
            WantedDiscounts.Of(Priced.Read(rows[0].Priced)?.Discounts.Select(d => d.Id).ToArray())), rows[0].EventId, null);
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

    private static async Task<StoredAnswer?> FindKeptAsync(ITenantReader reader, KeyedRequest keyed, CancellationToken cancellationToken)
    {
        var row = await reader.FindAsync<KeptRow>("""
            select response_status, response_body from platform.idempotency_keys
             where user_id = @UserId and route = @Route and key = @Key and fingerprint = @Fingerprint and status = 'done'
            """, keyed, cancellationToken);
        return row is null ? null : new StoredAnswer(row.ResponseStatus, row.ResponseBody);
    }

    private sealed class KeptRow
    {
        public int ResponseStatus { get; init; }
        public string ResponseBody { get; init; } = "";
    }
}
