using AdmitOne.Contracts;
using AdmitOne.Platform.Caching;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Pricing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.TicketTypes;

public enum AvailabilityStatus { Available, FewLeft, SoldOut, NotOnSale }

/// <summary>What can be bought of one type right now.</summary>
/// <param name="Price">Of one ticket by the type's rules at this moment, without discounts, fees and added tax.</param>
/// <param name="Remainder">Left, but fewer than <c>minPerOrder</c>, so that no order can have them: they are not available. 0 otherwise.</param>
public sealed record Availability(Guid TicketTypeId, int Available, AvailabilityStatus Status, Money Price, int Remainder);

public sealed record AvailabilityList(IReadOnlyList<Availability> Items);

/// <summary>What is left, counted from the stock itself and remembered for at most a second. A hold whose time is over counts as free, whether or not it was swept.</summary>
internal static class ShowAvailability
{
    private const int FewAtMost = 20;

    public static void Map(IEndpointRouteBuilder ofEvent) =>
        ofEvent.MapGet("/availability", HandleAsync)
            .WithName("ShowAvailability").WithSummary("What is left of each ticket type")
            .AllowAnonymous().WithRateTier(RateTier.Global).WithAnswerExample(TicketTypeExamples.Left).Produces(StatusCodes.Status304NotModified)
            .MayRefuseWith(PlatformProblems.NotFound);

    private static async Task<Results<Ok<AvailabilityList>, CachedResult, Refusal>> HandleAsync(
        Guid eventId, Caller? caller, HttpContext context, Database database, ReadThroughCache cache, Inventory.StockNews news, CancellationToken cancellationToken)
    {
        if (caller is { IsManager: true })
        {
            if (await ReadAsync(database, eventId, caller, cancellationToken) is not var (open, own)) return TicketTypeProblems.NoEvent;
            if (open.IsDraft) context.NeverCache(); else context.CacheFor(seconds: 1);
            return TypedResults.Ok(own);
        }
        // A batch of ours that was committed makes it another key; another replica's is seen within a second.
        var answer = await cache.GetAsync($"availability:{ReadableEvent.KeyFor(eventId, caller)}:{news.VersionOf(eventId)}", async () =>
            await ReadAsync(database, eventId, caller, CancellationToken.None) is var (open, list) ? ReadAnswer.Make(list, open.TenantId) : ReadAnswer.NotThere, cancellationToken, alone: true);
        if (!answer.IsThere) return TicketTypeProblems.NoEvent;
        context.CacheFor(seconds: 1);
        return new CachedResult(answer);
    }

    /// <returns>Null if this reader may not see the event.</returns>
    private static async Task<(EventFacts Event, AvailabilityList List)?> ReadAsync(Database database, Guid eventId, Caller? caller, CancellationToken cancellationToken)
    {
        if (await ReadableEvent.LookAsync(database, eventId, caller, cancellationToken) is not { } open) return null;
        var rows = await open.Look.QueryAsync<Row>($"""
            with expired as (   -- no index finds what is compared with clock_timestamp(), which changes while the statement runs
                select r.ticket_type_id, sum(r.quantity)::int as quantity from tickets.reservations r
                 where r.status = 'held' and r.expires_at <= statement_timestamp() and r.event_id = @eventId group by r.ticket_type_id)
            select t.id, t.price_minor, t.currency, s.quantity, {PricePolicy.Column}, s.held + s.sold - coalesce(x.quantity, 0) as taken, clock_timestamp() as now,
                   greatest(0, least(s.quantity - s.held - s.sold + coalesce(x.quantity, 0),
                                     p.capacity - p.held - p.sold + sum(coalesce(x.quantity, 0)) over (partition by s.section_id)))::int as "left", t.min_per_order,
                   coalesce(t.sales_start_at <= clock_timestamp(), true) and coalesce(t.sales_end_at > clock_timestamp(), true)
                       and @StatusSells and clock_timestamp() >= @SalesStartAt and clock_timestamp() < @SalesEndAt as open
              from tickets.ticket_types t
              join tickets.stock s on s.tenant_id = t.tenant_id and s.ticket_type_id = t.id
              join tickets.section_stock p on p.tenant_id = s.tenant_id and p.section_id = s.section_id
              left join expired x on x.ticket_type_id = t.id
             where t.event_id = @eventId and t.deleted_at is null order by t.id
            """, new { eventId, StatusSells = open.Event.Status is "on_sale" or "sold_out" or "in_progress", open.Event.SalesStartAt, open.Event.SalesEndAt }, cancellationToken);

        return (open.Event, new AvailabilityList(rows.Select(r => new Availability(r.Id, r.Left - r.Remainder, Status(r), Money.Of(CurrentPrice(r), r.Currency), r.Remainder)).ToArray()));
    }

    private static AvailabilityStatus Status(Row row) =>
        !row.Open ? AvailabilityStatus.NotOnSale
        : row.Left == row.Remainder ? AvailabilityStatus.SoldOut
        : row.Left <= Math.Min(row.Quantity / 10, FewAtMost) ? AvailabilityStatus.FewLeft
        : AvailabilityStatus.Available;

    private static long CurrentPrice(Row row) => PricePolicy.Read(row.PricePolicy) is { } policy
        ? PriceEngine.UnitPrice(new PriceItem(row.Id, Quantity: 1, row.PriceMinor, policy, (row.Taken, row.Quantity)), row.Currency, row.Now)
        : row.PriceMinor;

    private sealed class Row
    {
        public Guid Id { get; init; }
        public string? PricePolicy { get; init; }
        public int Taken { get; init; }
        public DateTimeOffset Now { get; init; }
        public long PriceMinor { get; init; }
        public string Currency { get; init; } = "";
        public int Quantity { get; init; }
        public int Left { get; init; }
        public int MinPerOrder { get; init; }
        public int Remainder => Left < MinPerOrder ? Left : 0;
        public bool Open { get; init; }
    }
}
