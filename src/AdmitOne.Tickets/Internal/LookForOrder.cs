using System.ComponentModel.DataAnnotations;
using AdmitOne.Contracts;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Outbound;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Pricing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Internal;

/// <summary>Of which types, or of all of an event's.</summary>
public sealed record LookForOrderRequest : IValidatableObject
{
    public Guid? EventId { get; init; }

    [MinLength(1), MaxLength(100)]
    public IReadOnlyList<Guid>? TicketTypeIds { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (EventId is null && TicketTypeIds is null) yield return new ValidationResult("Give eventId or ticketTypeIds.", [nameof(EventId)]);
    }
}

public sealed record OrderAvailabilityList(IReadOnlyList<OrderAvailability> Items);

/// <param name="Available">What could be reserved now: 0 if it is less than <c>minPerOrder</c>. The sale's window is not looked at.</param>
public sealed record OrderAvailability(Guid TicketTypeId, Guid EventId, string Name, int Available, int MinPerOrder, int MaxPerOrder);

public sealed record OrderPriceList(IReadOnlyList<OrderPrice> Items);

/// <param name="Price">Of one ticket by the type's rules at this moment, as buyers are shown it; without discounts, fees and added tax. A reservation says the total.</param>
public sealed record OrderPrice(Guid TicketTypeId, Guid EventId, string Name, Money Price);

internal static class LookForOrder
{
    private static readonly LookForOrderRequest s_example = new() { EventId = ExampleSale.Event };

    public static void Map(IEndpointRouteBuilder orders)
    {
        Describe(orders.MapPost("/availability", AvailabilityAsync)).WithName("AvailabilityForOrder").WithSummary("What could be reserved of ticket types")
            .WithAnswerExample(new OrderAvailabilityList([new OrderAvailability(ExampleSale.TicketType, ExampleSale.Event, ExampleSale.TypeName, 120, 1, 8)]));
        Describe(orders.MapPost("/prices", PricesAsync)).WithName("PricesForOrder").WithSummary("What ticket types cost")
            .WithAnswerExample(new OrderPriceList([new OrderPrice(ExampleSale.TicketType, ExampleSale.Event, ExampleSale.TypeName, ExampleSale.Price)]));
    }

    private static RouteHandlerBuilder Describe(RouteHandlerBuilder route) =>
        route.WithDescription(InternalFeature.Description).WithRateTier(RateTier.Global).WithRequestExample(s_example)
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.BadSignature, PlatformProblems.StaleTimestamp, PlatformProblems.NonceReused, PlatformProblems.DependencyUnavailable);

    private static async Task<Results<Ok<OrderAvailabilityList>, Refusal>> AvailabilityAsync(LookForOrderRequest request, SignedCaller caller, Database database, CancellationToken cancellationToken)
    {
        var rows = await ReadAsync(request, caller, database, cancellationToken);
        return rows.Count == 0 ? PlatformProblems.NotFound.With("There are no such ticket types.")
            : TypedResults.Ok(new OrderAvailabilityList(rows.Select(r => new OrderAvailability(r.Id, r.EventId, r.Name, r.Available < r.MinPerOrder ? 0 : r.Available, r.MinPerOrder, r.MaxPerOrder)).ToArray()));
    }

    private static async Task<Results<Ok<OrderPriceList>, Refusal>> PricesAsync(LookForOrderRequest request, SignedCaller caller, Database database, CancellationToken cancellationToken)
    {
        var rows = await ReadAsync(request, caller, database, cancellationToken);
        return rows.Count == 0 ? PlatformProblems.NotFound.With("There are no such ticket types.")
            : TypedResults.Ok(new OrderPriceList(rows.Select(r => new OrderPrice(r.Id, r.EventId, r.Name, Money.Of(r.CurrentPrice(), r.Currency))).ToArray()));
    }

    // A hold whose time is over counts as free, whether or not it was swept.
    private static async Task<IReadOnlyList<Row>> ReadAsync(LookForOrderRequest request, SignedCaller caller, Database database, CancellationToken cancellationToken)
    {
        if (caller.TenantId is not { } tenantId) return [];
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        return await work.QueryAsync<Row>($"""
            with expired as (
                select r.ticket_type_id, sum(r.quantity)::int as quantity from tickets.reservations r join tickets.ticket_types t on t.tenant_id = r.tenant_id and t.id = r.ticket_type_id
                 where r.status = 'held' and r.expires_at <= statement_timestamp() and (t.event_id = @EventId or t.id = any (@TicketTypeIds)) group by r.ticket_type_id)
            select t.id, t.event_id, t.name, t.price_minor, t.currency, t.min_per_order, t.max_per_order, {Pricing.PricePolicy.Column},
                   s.quantity, s.held + s.sold - coalesce(x.quantity, 0) as taken, clock_timestamp() as now,
                   greatest(0, least(s.quantity - s.held - s.sold + coalesce(x.quantity, 0), p.capacity - p.held - p.sold + coalesce(x.quantity, 0)))::int as available
              from tickets.ticket_types t
              join tickets.stock s on s.tenant_id = t.tenant_id and s.ticket_type_id = t.id
              join tickets.section_stock p on p.tenant_id = s.tenant_id and p.section_id = s.section_id
              left join expired x on x.ticket_type_id = t.id
             where t.deleted_at is null and (@EventId::uuid is null or t.event_id = @EventId) and (@TicketTypeIds::uuid[] is null or t.id = any (@TicketTypeIds)) order by t.id
            """, new { request.EventId, TicketTypeIds = request.TicketTypeIds?.ToArray() }, cancellationToken);
    }

    private sealed class Row
    {
        public Guid Id { get; init; }
        public Guid EventId { get; init; }
        public string Name { get; init; } = "";
        public long PriceMinor { get; init; }
        public string Currency { get; init; } = "";
        public int MinPerOrder { get; init; }
        public int MaxPerOrder { get; init; }
        public int Available { get; init; }
        public string? PricePolicy { get; init; }
        public int Quantity { get; init; }
        public int Taken { get; init; }
        public DateTimeOffset Now { get; init; }

        public long CurrentPrice() => Pricing.PricePolicy.Read(PricePolicy) is { } policy
            ? PriceEngine.UnitPrice(new PriceItem(Id, Quantity: 1, PriceMinor, policy, (Taken, Quantity)), Currency, Now)
            : PriceMinor;
    }
}
