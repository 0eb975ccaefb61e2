using AdmitOne.Platform.Http;
using AdmitOne.Platform.Outbound;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Inventory;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Internal;

/// <summary>What a neighbour needs of a ticket.</summary>
/// <param name="OwnerId">Null for what was sold at the box office.</param>
/// <param name="Transferred">It has had another owner.</param>
/// <param name="Scanned">It has let somebody in.</param>
/// <param name="Refundable">Its owner may give it back now.</param>
public sealed record TicketStatus(Guid TicketId, Guid EventId, Guid TicketTypeId, Guid OrderId, Guid? OwnerId, string Status, bool Transferred, bool Scanned, bool Refundable);

internal static class ReadTicketStatus
{
    private static readonly TicketStatus s_example = new(ExampleSale.Ticket, ExampleSale.Event, ExampleSale.TicketType, ExampleSale.Order, ExampleSale.Buyer, "issued", Transferred: false, Scanned: false, Refundable: true);

    public static void Map(IEndpointRouteBuilder tickets) =>
        tickets.MapGet("/{id}/status", HandleAsync)
            .WithName("ReadTicketStatus").WithSummary("Who owns a ticket, and what became of it").WithDescription(InternalFeature.Description).WithRateTier(RateTier.Global)
            .WithAnswerExample(s_example)
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.BadSignature, PlatformProblems.StaleTimestamp, PlatformProblems.NonceReused, PlatformProblems.DependencyUnavailable);

    private static async Task<Results<Ok<TicketStatus>, Refusal>> HandleAsync(Guid id, SignedCaller caller, Database database, HttpContext context, CancellationToken cancellationToken)
    {
        if (caller.TenantId is not { } tenantId) return PlatformProblems.NotFound.With("There is no such ticket.");
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        var row = await work.FindAsync<Row>($"""
            select t.event_id, t.ticket_type_id, t.order_id, t.user_id, t.status, t.owner_version > 1 as transferred, a.ticket_id is not null as scanned,
                   coalesce(t.status = 'issued' and a.ticket_id is null and t.user_id is not null and w.event_id is not null
                            and (clock_timestamp() < {RefundPolicyState.AllBackUntilSql} or clock_timestamp() < {RefundPolicyState.ClosesAtSql}), false) as refundable
              from tickets.tickets t
              left join events.sale_window w on w.tenant_id = t.tenant_id and w.event_id = t.event_id
              left join tickets.admissions a on a.tenant_id = t.tenant_id and a.ticket_id = t.id
             where t.id = @id
            """, new { id }, cancellationToken);
        context.NeverCache();
        return row is null
            ? PlatformProblems.NotFound.With("There is no such ticket.")
            : TypedResults.Ok(new TicketStatus(id, row.EventId, row.TicketTypeId, row.OrderId, row.UserId, row.Status, row.Transferred, row.Scanned, row.Refundable));
    }

    private sealed class Row
    {
        public Guid EventId { get; init; }
        public Guid TicketTypeId { get; init; }
        public Guid OrderId { get; init; }
        public Guid? UserId { get; init; }
        public string Status { get; init; } = "";
        public bool Transferred { get; init; }
        public bool Scanned { get; init; }
        public bool Refundable { get; init; }
    }
}
