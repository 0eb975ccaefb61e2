using System.Text.Json;
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
public sealed record Availability(Guid TicketTypeId, int Available, AvailabilityStatus Status, Money Price);

public sealed record AvailabilityList(IReadOnlyList<Availability> Items);

/// <summary>What is left, counted from the stock itself. A hold whose time is over counts as free, whether or not it was swept.</summary>
internal static class ShowAvailability
{
    private const int FewAtMost = 20;

    public static void Map(IEndpointRouteBuilder ofEvent) =>
        ofEvent.MapGet("/availability", HandleAsync)
            .WithName("ShowAvailability").WithSummary("What is left of each ticket type")
            .AllowAnonymous().WithRateTier(RateTier.Global).WithAnswerExample(TicketTypeExamples.Left)
            .MayRefuseWith(PlatformProblems.NotFound);

    private static async Task<Results<Ok<AvailabilityList>, FileContentHttpResult, Refusal>> HandleAsync(
        Guid eventId, Caller? caller, HttpContext context, Database database, AvailabilityReadings readings, CancellationToken cancellationToken)
    {
        // Before a sale everybody looks at once. What they are told is never older than their question.
        if (await readings.GetAsync(AvailabilityReadings.Reader.Of(eventId, caller), () => ReadAsync(eventId, caller, database), cancellationToken) is not { } found) return TicketTypeProblems.NoEvent;
        if (found.IsDraft) context.NeverCache(); else context.CacheFor(seconds: 1);
        return TypedResults.Bytes(found.Body, "application/json; charset=utf-8");
    }

    private static async Task<AvailabilityRead?> ReadAsync(Guid eventId, Caller? caller, Database database)
    {
        if (await ReadableEvent.OpenAsync(database, eventId, caller, CancellationToken.None) is not { } open) return null;
        await using var work = open.Work;
        var rows = await work.QueryAsync<Row>($"""
            with expired as (
                select r.ticket_type_id, sum(r.quantity)::int as quantity from tickets.reservations r
                 where r.status = 'held' and r.expires_at <= clock_timestamp() and r.event_id = @eventId group by r.ticket_type_id)
            select t.id, t.price_minor, t.currency, s.quantity, {PricePolicy.Column}, s.held + s.sold - coalesce(x.quantity, 0) as taken, clock_timestamp() as now,
                   greatest(0, least(s.quantity - s.held - s.sold + coalesce(x.quantity, 0),
                                     p.capacity - p.held - p.sold + sum(coalesce(x.quantity, 0)) over (partition by s.section_id)))::int as available,
                   coalesce(t.sales_start_at <= clock_timestamp(), true) and coalesce(t.sales_end_at > clock_timestamp(), true)
                       and @StatusSells and clock_timestamp() >= @SalesStartAt and clock_timestamp() < @SalesEndAt as open
              from tickets.ticket_types t
              join tickets.stock s on s.tenant_id = t.tenant_id and s.ticket_type_id = t.id
              join tickets.section_stock p on p.tenant_id = s.tenant_id and p.section_id = s.section_id
              left join expired x on x.ticket_type_id = t.id
             where t.event_id = @eventId and t.deleted_at is null order by t.id
            """, new { eventId, StatusSells = open.Event.Status is "on_sale" or "sold_out" or "in_progress", open.Event.SalesStartAt, open.Event.SalesEndAt }, CancellationToken.None);

        var list = new AvailabilityList(rows.Select(r => new Availability(r.Id, r.Available, Status(r), Money.Of(CurrentPrice(r), r.Currency))).ToArray());
        return new AvailabilityRead(JsonSerializer.SerializeToUtf8Bytes(list, Json.Answers), open.Event.IsDraft);
    }

    private static AvailabilityStatus Status(Row row) =>
        !row.Open ? AvailabilityStatus.NotOnSale
        : row.Available == 0 ? AvailabilityStatus.SoldOut
        : row.Available <= Math.Min(row.Quantity / 10, FewAtMost) ? AvailabilityStatus.FewLeft
        : AvailabilityStatus.Available;

    private static long CurrentPrice(Row row) => PricePolicy.Read(row.PricePolicy) is { } policy
        ? PriceEngine.UnitPrice(new PriceItem(row.Id, Quantity: 1, row.PriceMinor, policy, (row.Taken, row.Quantity)), row.Now)
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
        public int Available { get; init; }
        public bool Open { get; init; }
    }
}

/// <summary>What was read, as it goes over the wire.</summary>
internal sealed record AvailabilityRead(byte[] Body, bool IsDraft);

/// <summary>The readings of availability that are shared by those who may see the same.</summary>
internal sealed class AvailabilityReadings
{
    private readonly SharedReadings<Reader, AvailabilityRead?> _readings = new();

    public Task<AvailabilityRead?> GetAsync(Reader reader, Func<Task<AvailabilityRead?>> read, CancellationToken cancellationToken) => _readings.GetAsync(reader, read, cancellationToken);

    /// <summary>All that an answer depends on: see <see cref="ReadableEvent"/>.</summary>
    internal readonly record struct Reader(Guid EventId, Guid? TenantId, bool IsManager)
    {
        public static Reader Of(Guid eventId, Caller? caller) =>
            caller is null || caller.Role == Roles.Ops ? new Reader(eventId, null, IsManager: false) : new Reader(eventId, caller.TenantId, caller.IsManager);
    }
}
