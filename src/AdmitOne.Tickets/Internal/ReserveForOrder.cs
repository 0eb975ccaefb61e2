using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Outbound;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Inventory;
using AdmitOne.Tickets.Purchases;
using AdmitOne.Tickets.Reservations;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Internal;

/// <summary>Tickets to keep for an order of the order service's.</summary>
public sealed record ReserveForOrderRequest : IValidatableObject
{
    /// <summary>The order service's own id: the same again is the same reservation.</summary>
    public required Guid OrderId { get; init; }

    /// <summary>The types say which event; given, it must be theirs.</summary>
    public Guid? EventId { get; init; }

    /// <summary>Whose the tickets will be; nobody's if left out, and then no customer's limit counts.</summary>
    public Guid? UserId { get; init; }

    [MinLength(1), MaxLength(WantedItems.MaxTypes), NoNulls]
    public required IReadOnlyList<WantedItem> Items { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => WantedItems.Repeated(Items);
}

internal static class ReserveForOrder
{
    // Holds need somebody; those of nobody in particular are the order service's own.
    private static readonly Guid s_orderService = new("00000000-0000-7000-8000-00000000000e");

    public static void Map(IEndpointRouteBuilder orders) =>
        orders.MapPost("/reserve", HandleAsync)
            .WithName("ReserveForOrder").WithSummary("Keep tickets for an external order; again is the same").WithDescription(InternalFeature.Description).WithRateTier(RateTier.Global)
            .Produces<ExternalOrder>().Produces<ExternalOrder>(StatusCodes.Status201Created)
            .WithRequestExample(InternalExamples.Asked).WithAnswerExample(InternalExamples.Held)
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.AlreadyExists, InventoryProblems.InsufficientInventory, InventoryProblems.SalesNotOpen, InventoryProblems.LimitPerOrder,
                InventoryProblems.LimitPerCustomer, PlatformProblems.Overloaded, PlatformProblems.BadSignature, PlatformProblems.StaleTimestamp, PlatformProblems.NonceReused,
                PlatformProblems.DependencyUnavailable);

    private static async Task<IResult> HandleAsync(
        ReserveForOrderRequest request, SignedCaller caller, Database database, EventLanes lanes, IOptions<ReservationOptions> options, CancellationToken cancellationToken)
    {
        if (caller.TenantId is not { } tenantId) return PlatformProblems.NotFound.With("There is no such tenant.");
        var holder = request.UserId ?? s_orderService;
        Guid eventId;
        await using (var work = await database.BeginAsync(tenantId, cancellationToken))
        {
            if (await ExternalOrderRow.FindAsync(work, request.OrderId, cancellationToken) is { } known) return await RepeatAsync(work, known, request, cancellationToken);
            var events = await work.QueryAsync<Guid>("select distinct event_id from tickets.ticket_types where id = any (@ids) and deleted_at is null",
                new { ids = request.Items.Select(i => i.TicketTypeId).ToArray() }, cancellationToken);
            if (events.Count > 1) return PlatformProblems.Invalid("/items", "Types of different events cannot be reserved together.");
            if (events.Count == 0 || (request.EventId is { } named && named != events[0])) return PlatformProblems.NotFound.With("There are no such ticket types.");
            eventId = events[0];
            // A person whom only the order service has seen so far.
            await work.ExecuteAsync("insert into platform.users (tenant_id, id, name) values (@tenantId, @holder, @name) on conflict do nothing",
                new { tenantId, holder, name = request.UserId is null ? caller.Service : null }, cancellationToken);
            await work.CommitAsync(cancellationToken);
        }

        var keepFor = TimeSpan.FromSeconds(options.Value.TtlSeconds);
        var begin = new BeginPayment(tenantId, eventId, holder, new WantedTickets(null, WantedItems.Read(request.Items), WantedDiscounts.None),
            new PaymentWish("external", null) { OrderId = request.OrderId, IsOwnerless = request.UserId is null }, new PaymentTimes(keepFor, keepFor), null, PurchaseAnswer.Paid);
        var (_, refusal) = await lanes.RunAsync(begin, cancellationToken);
        await using var after = await database.BeginAsync(tenantId, cancellationToken);
        var order = await ExternalOrderRow.FindAsync(after, request.OrderId, cancellationToken);
        if (refusal is not null) return order is not null && refusal.Type == PlatformProblems.AlreadyExists ? await RepeatAsync(after, order, request, cancellationToken) : refusal;
        return TypedResults.Json(await order!.AnswerAsync(after, cancellationToken), statusCode: StatusCodes.Status201Created);
    }

    private static async Task<IResult> RepeatAsync(TenantWork work, ExternalOrderRow known, ReserveForOrderRequest request, CancellationToken cancellationToken)
    {
        var answer = await known.AnswerAsync(work, cancellationToken);
        return known.Method == "external" && answer.Items.Select(i => (i.TicketTypeId, i.Quantity)).ToHashSet().SetEquals(request.Items.Select(i => (i.TicketTypeId, i.Quantity)))
            ? TypedResults.Ok(answer)
            : PlatformProblems.AlreadyExists.With("There is another order of this id.");
    }
}
