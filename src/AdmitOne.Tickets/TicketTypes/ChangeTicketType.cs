using System.Text.Json.Nodes;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Payments;
using AdmitOne.Tickets.Pricing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.TicketTypes;

/// <summary>Edits a type while it sells. Holds keep the price they were given; the quantity never drops below what is held and sold.</summary>
internal static class ChangeTicketType
{
    public static void Map(IEndpointRouteBuilder types) =>
        types.MapPatch("/{id}", HandleAsync)
            .WithName("ChangeTicketType").WithSummary("Edit a ticket type (merge patch, If-Match)").Accepts<TicketTypeBody>("application/merge-patch+json", "application/json")
            .RequireAuthorization(Policies.VenueManager).WithRateTier(RateTier.Write)
            .WithRequestExample(TicketTypeExamples.Patch).WithAnswerExample(TicketTypeExamples.Kept with { Quantity = 600, MaxPerOrder = 6 }).WithEntityTag()
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.IfMatchRequired, PlatformProblems.VersionMismatch, TicketTypeProblems.QuantityBelowSold, TicketTypeProblems.EditNotAllowed);

    private static async Task<Results<Ok<TicketType>, Refusal>> HandleAsync(
        Guid id, JsonObject patch, Caller caller, Actor actor, HttpContext context, Database database, MergePatch merge, CardAmounts cards, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        if (await TicketTypeRow.FindAsync(work, id, cancellationToken) is not { } before) return TicketTypeProblems.NoType;
        if (EntityTag.Refuse(context, before.Version) is { } stale) return stale;
        var (after, invalid) = await merge.ApplyAsync(before.Body(), patch, cancellationToken);
        if (after is null) return invalid!;
        if (cards.Refuse(after.Monies(), before.Body().Monies()) is { } unpayable) return unpayable;
        if (after.SectionId != before.SectionId) return TicketTypeProblems.EditNotAllowed.With("A type stays in its section; make a new type in the other one.");

        if (after.SalesStartAt != before.SalesStartAt && await work.FindAsync<EventFacts>(ReadableEvent.Select, new { before.EventId }, cancellationToken) is { } itsEvent
            && TicketTypeProblems.RefuseSalesAfter(itsEvent.EndsAt, after.SalesStartAt) is { } tooLate) return tooLate;

        // The event's gate, then the type's stock: the order that every batch of sales takes.
        await work.ExecuteAsync(EventGate.EnterToSell, new { gate = EventGate.Key(before.EventId) }, cancellationToken);
        var stock = (await work.FindAsync<TakenStock>(
            "select quantity, held, sold from tickets.stock where ticket_type_id = @id for no key update", new { id }, cancellationToken))!;
        if (after.Quantity < stock.Held + stock.Sold)
            return TicketTypeProblems.QuantityBelowSold.With($"{stock.Held} are held and {stock.Sold} sold: the quantity cannot drop below {stock.Held + stock.Sold}.");
        if (after.Price.Currency != before.Currency && stock.Held + stock.Sold > 0)
            return TicketTypeProblems.EditNotAllowed.With("Tickets of it are held or sold: its currency stays.");

        await work.ExecuteAsync("update tickets.stock set quantity = @Quantity where ticket_type_id = @id", new { id, after.Quantity }, cancellationToken);
        var changed = await work.ExecuteAsync("""
            update tickets.ticket_types set name = @Name, price_minor = @Amount, currency = @Currency, min_per_order = @MinPerOrder, max_per_order = @MaxPerOrder,
                   max_per_customer = @MaxPerCustomer, sales_start_at = @SalesStartAt, sales_end_at = @SalesEndAt, transferable = @Transferable,
                   price_rules = @rules::jsonb, fees = @fees::jsonb, tax = @tax::jsonb,
                   version = version + 1, updated_at = clock_timestamp()
             where id = @id and version = @Version and deleted_at is null
            """, new
        {
            id, before.Version, after.Name, after.Price.Amount, after.Price.Currency, after.MinPerOrder, after.MaxPerOrder, after.MaxPerCustomer, after.SalesStartAt,
            after.SalesEndAt, after.Transferable, rules = PricePolicy.Write(after.PriceRules), fees = PricePolicy.Write(after.Fees),
            tax = after.Tax is null ? null : PricePolicy.Write(after.Tax),
        }, cancellationToken);
        if (changed == 0) return PlatformProblems.VersionMismatch.With("Somebody else changed it just now; read it again and repeat your change.");
        var answer = (await TicketTypeRow.FindAsync(work, id, cancellationToken))!.Answer();
        // Whoever follows what is left hears of a quantity or a minPerOrder that brings tickets back, or takes the last ones away, as of a sale.
        var told = new { before.EventId, ticketTypeId = id, after.Quantity, stock.Sold };
        var (wasSoldOut, isSoldOut) = (stock.Quantity - stock.Sold < before.MinPerOrder, after.Quantity - stock.Sold < after.MinPerOrder);
        if (wasSoldOut && !isSoldOut) await work.TellAsync("ticket_type.stock_returned", id, told, cancellationToken);
        else if (!wasSoldOut && isSoldOut) await work.TellAsync("ticket_type.sold_out", id, told, cancellationToken);
        await work.AuditAsync(actor, new AuditEntry("ticket_type.change", "ticket_type", id, before.Answer(), answer), cancellationToken);
        await work.CommitAsync(cancellationToken);

        EntityTag.Set(context, answer.Version);
        return TypedResults.Ok(answer);
    }

    private sealed class TakenStock
    {
        public int Quantity { get; init; }
        public int Held { get; init; }
        public int Sold { get; init; }
    }
}
