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

internal static class CreateTicketType
{
    public static void Map(IEndpointRouteBuilder ofEvent) =>
        ofEvent.MapPost("/ticket-types", HandleAsync)
            .WithName("CreateTicketType").WithSummary("Add a ticket type to an event")
            .RequireAuthorization(Policies.VenueManager).WithRateTier(RateTier.Write)
            .WithRequestExample(TicketTypeExamples.New).WithAnswerExample(TicketTypeExamples.Kept with { Version = 1 }).WithEntityTag()
            .MayRefuseWith(PlatformProblems.NotFound, TicketTypeProblems.SectionRequired);

    private static async Task<Results<Created<TicketType>, Refusal>> HandleAsync(
        Guid eventId, TicketTypeBody body, Caller caller, Actor actor, HttpContext context, Database database, CardAmounts cards, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (cards.Refuse(body.Monies()) is { } unpayable) return unpayable;
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        if (await work.FindAsync<EventFacts>(ReadableEvent.Select, new { eventId }, cancellationToken) is not { } itsEvent) return TicketTypeProblems.NoEvent;
        if (TicketTypeProblems.RefuseSalesAfter(itsEvent.EndsAt, body.SalesStartAt) is { } tooLate) return tooLate;

        var sections = await work.QueryAsync<Guid>("select section_id from tickets.section_stock where event_id = @eventId", new { eventId }, cancellationToken);
        if (body.SectionId is { } wanted && !sections.Contains(wanted)) return PlatformProblems.Invalid("/sectionId", "The event has no such section.");
        if (body.SectionId is null && sections.Count != 1)
            return TicketTypeProblems.SectionRequired.With(sections.Count == 0 ? "The event has no section yet: add one first." : $"The event has {sections.Count} sections.");

        var id = Guid.CreateVersion7(clock.GetUtcNow());
        await work.ExecuteAsync("""
            insert into tickets.ticket_types (tenant_id, id, event_id, section_id, name, price_minor, currency, min_per_order, max_per_order, max_per_customer,
                   sales_start_at, sales_end_at, transferable, price_rules, fees, tax)
            values (@TenantId, @id, @eventId, @sectionId, @Name, @Amount, @Currency, @MinPerOrder, @MaxPerOrder, @MaxPerCustomer, @SalesStartAt, @SalesEndAt, @Transferable, @rules::jsonb,
                   @fees::jsonb, @tax::jsonb);
            insert into tickets.stock (tenant_id, ticket_type_id, event_id, section_id, quantity) values (@TenantId, @id, @eventId, @sectionId, @Quantity)
            """, new
        {
            caller.TenantId, id, eventId, sectionId = body.SectionId ?? sections[0], body.Name, body.Price.Amount, body.Price.Currency, body.MinPerOrder, body.MaxPerOrder,
            body.MaxPerCustomer, body.SalesStartAt, body.SalesEndAt, body.Transferable, body.Quantity,
            rules = PricePolicy.Write(body.PriceRules), fees = PricePolicy.Write(body.Fees), tax = body.Tax is null ? null : PricePolicy.Write(body.Tax),
        }, cancellationToken);
        var created = (await TicketTypeRow.FindAsync(work, id, cancellationToken))!.Answer();
        await work.TellAsync("ticket_type.created", id, new { eventId, ticketTypeId = id, body.Name, body.Quantity }, cancellationToken);
        await work.AuditAsync(actor, new AuditEntry("ticket_type.create", "ticket_type", id, Before: null, created), cancellationToken);
        await work.CommitAsync(cancellationToken);

        EntityTag.Set(context, created.Version);
        return TypedResults.Created($"/api/v1/ticket-types/{id}", created);
    }
}
