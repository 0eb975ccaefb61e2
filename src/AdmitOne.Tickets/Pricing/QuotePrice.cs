using System.ComponentModel.DataAnnotations;
using AdmitOne.Contracts;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Inventory;
using AdmitOne.Tickets.Reservations;
using AdmitOne.Tickets.TicketTypes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Pricing;

/// <summary>What is to be priced.</summary>
public sealed record QuoteRequest : IValidatableObject
{
    public required Guid EventId { get; init; }

    [MinLength(1), MaxLength(WantedItems.MaxTypes), NoNulls]
    public required IReadOnlyList<WantedItem> Items { get; init; }

    /// <summary>One code, or up to three that may be combined, separated by commas. Upper and lower case are the same.</summary>
    [PlainText(DiscountCodes.MaxText)]
    public string? DiscountCode { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => WantedItems.Repeated(Items);
}

/// <summary>What it would cost right now. Only a reservation keeps a price.</summary>
/// <param name="Lines">They add up to the total.</param>
/// <param name="ContainedTaxes">Tax that prices contain: said, not added.</param>
/// <param name="Subtotal">The tickets, before discounts.</param>
/// <param name="Discount">What discounts take off.</param>
/// <param name="Fees">What the buyer pays beside the tickets.</param>
/// <param name="Taxes">What is added as tax.</param>
public sealed record Quote(
    Guid EventId, IReadOnlyList<QuotedItem> Items, IReadOnlyList<ChargeLine> Lines, IReadOnlyList<ContainedTax> ContainedTaxes,
    Money Subtotal, Money Discount, Money Fees, Money Taxes, Money Total);

/// <param name="UnitPrice">By the type's rules, before discounts, fees and added tax.</param>
/// <param name="Total">What its tickets cost in the end, with their share of everything.</param>
public sealed record QuotedItem(Guid TicketTypeId, int Quantity, Money UnitPrice, Money Total);

internal static class QuotePrice
{
    public static void Map(IEndpointRouteBuilder v1) =>
        v1.MapPost("/quotes", HandleAsync)
            .WithName("QuotePrice").WithSummary("What tickets would cost now, line by line").WithTag("Prices", "What tickets cost.")
            .AllowAnonymous().WithRateTier(RateTier.Read)
            .WithRequestExample(PricingExamples.Asked).WithAnswerExample(PricingExamples.Quoted)
            .MayRefuseWith(PlatformProblems.NotFound, InventoryProblems.LimitPerOrder, InventoryProblems.SalesNotOpen, PricingProblems.DiscountInvalid, PricingProblems.DiscountExhausted);

    private static async Task<Results<Ok<Quote>, Refusal>> HandleAsync(
        QuoteRequest request, Caller? caller, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        var (codes, unreadable) = DiscountCodes.Read(request.DiscountCode);
        if (unreadable is not null) return unreadable;
        if (await ReadableEvent.LookAsync(database, request.EventId, caller, cancellationToken) is not { } open) return PlatformProblems.NotFound.With("There is no such event.");
        if (open.Event.Status is "cancelled" or "completed") return InventoryProblems.SalesNotOpen.With($"The event is {open.Event.Status}: nothing of it is sold any more.");

        var types = (await open.Look.QueryAsync<TypeRow>($"""
            select t.id, t.name, t.price_minor, t.currency, t.min_per_order, t.max_per_order, {PricePolicy.Column}, s.quantity, clock_timestamp() as now,
                   s.held + s.sold - coalesce((select sum(r.quantity) from tickets.reservations r
                       where r.ticket_type_id = t.id and r.status = 'held' and r.expires_at <= statement_timestamp()), 0)::int as taken
              from tickets.ticket_types t join tickets.stock s on s.tenant_id = t.tenant_id and s.ticket_type_id = t.id
             where t.id = any (@ids) and t.event_id = @EventId and t.deleted_at is null
            """, new { ids = request.Items.Select(i => i.TicketTypeId).ToArray(), request.EventId }, cancellationToken)).ToDictionary(t => t.Id);
        if (RefuseItems(request.Items, types) is { } refusal) return refusal;
        var first = types.Values.First();

        var discounts = await FindDiscountsAsync(open.Look, codes, caller, request.EventId, first.Now, cancellationToken);
        if (discounts.Refusal is not null) return discounts.Refusal;
        var (priced, unpriced) = PriceEngine.Price(
            [.. request.Items.Select(i => (Item: i, Type: types[i.TicketTypeId])).Select(i => new PriceItem(i.Type.Id, i.Item.Quantity, i.Type.PriceMinor,
                PricePolicy.Read(i.Type.PricePolicy) ?? PricePolicy.None, (i.Type.Taken, i.Type.Quantity)))], first.Currency, discounts.Terms, first.Now);

        context.NeverCache();
        return priced is null ? unpriced! : TypedResults.Ok(Answer(request, priced, types));
    }

    private static Refusal? RefuseItems(IReadOnlyList<WantedItem> items, Dictionary<Guid, TypeRow> types)
    {
        for (var place = 0; place < items.Count; place++)
        {
            var item = items[place];
            if (!types.TryGetValue(item.TicketTypeId, out var type)) return PlatformProblems.NotFound.With($"The event has no ticket type {item.TicketTypeId}.");
            if (InventoryProblems.RefuseQuantity(place, item.Quantity, (type.Name, type.MinPerOrder, type.MaxPerOrder)) is { } refusal) return refusal;
        }
        return types.Values.DistinctBy(t => t.Currency).Count() > 1 ? PlatformProblems.Invalid("/items", "Types of different currencies cannot be bought together.") : null;
    }

    private static async Task<(IReadOnlyList<DiscountTerms> Terms, Refusal? Refusal)> FindDiscountsAsync(
        TenantLook look, IReadOnlyList<string> codes, Caller? caller, Guid eventId, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (codes.Count == 0) return ([], null);
        var found = (await look.QueryAsync<DiscountRow>($"""
            select {DiscountTerms.Column} as terms,
                   (select count(*) from tickets.discount_redemptions r where r.discount_id = d.id and r.user_id = @UserId and r.status = 'counted')::int as by_customer
              from tickets.discounts d where upper(d.code) = any (@codes) and d.deleted_at is null
            """, new { codes, caller?.UserId }, cancellationToken)).Select(d => (Terms: DiscountTerms.Read(d.Terms), d.ByCustomer)).ToArray();
        foreach (var code in codes)
        {
            if (found.FirstOrDefault(d => d.Terms.Code.Equals(code, StringComparison.OrdinalIgnoreCase)) is not { Terms: { } terms } one) return ([], DiscountCodes.None(code));
            if ((terms.RefuseAt(eventId, now) ?? terms.RefuseUse((terms.Used, one.ByCustomer))) is { } refusal) return ([], refusal);
        }
        return ([.. found.Select(d => d.Terms)], null);
    }

    private static Quote Answer(QuoteRequest request, Priced priced, Dictionary<Guid, TypeRow> types)
    {
        Money Sum(PriceLineKind kind) => Money.Of(Math.Abs(priced.Lines.Where(l => l.Kind == kind).Sum(l => l.TotalMinor)), priced.Currency);
        var bill = Bill.Of(priced.Lines, priced.Currency, type => types[type].Name);
        return new Quote(request.EventId,
            [.. request.Items.Select(i => new QuotedItem(i.TicketTypeId, i.Quantity, Money.Of(priced.Of(i.TicketTypeId).UnitMinor, priced.Currency),
                Money.Of(priced.Of(i.TicketTypeId).PaidMinor.Sum(), priced.Currency)))],
            bill.Lines, bill.ContainedTaxes, Sum(PriceLineKind.Ticket), Sum(PriceLineKind.Discount), Sum(PriceLineKind.Fee), Sum(PriceLineKind.Tax),
            Money.Of(priced.TotalMinor, priced.Currency));
    }

    private sealed class TypeRow
    {
        public Guid Id { get; init; }
        public string Name { get; init; } = "";
        public long PriceMinor { get; init; }
        public string Currency { get; init; } = "";
        public int MinPerOrder { get; init; }
        public int MaxPerOrder { get; init; }
        public string? PricePolicy { get; init; }
        public int Quantity { get; init; }
        public int Taken { get; init; }
        public DateTimeOffset Now { get; init; }
    }

    private sealed class DiscountRow
    {
        public string Terms { get; init; } = "";
        public int ByCustomer { get; init; }
    }
}
