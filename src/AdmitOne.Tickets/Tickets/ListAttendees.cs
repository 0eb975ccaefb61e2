using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Reports;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Tickets;

/// <summary>Who may come in with a ticket.</summary>
/// <param name="Name">The attendee's, else the holder's; of a ticket that its buyer still has, else the buyer's.</param>
/// <param name="Email">As <paramref name="Name"/>.</param>
/// <param name="Status"><c>issued</c> or <c>blocked</c>.</param>
/// <param name="Section">The section's name now.</param>
public sealed record Attendee(
    Guid TicketId, string? Name, string? Email, string TicketType, string? Section, string OrderNumber, string? BuyerName, string? BuyerEmail, string Status, DateTimeOffset? AdmittedAt);

/// <summary>Who may come to an event, ticket by ticket in the order of purchase. What was refunded or cancelled is left out.</summary>
internal static class ListAttendees
{
    private static readonly Attendee s_example = new(ExampleSale.Ticket, "Robin de Vries", "robin@example.com", ExampleSale.TypeName, "Main floor", ExampleSale.OrderNumber, "Ann de Vries", "ann@example.com", "issued", AdmittedAt: null);

    public static void Map(IEndpointRouteBuilder ofEvent)
    {
        ofEvent.MapGet("/attendees", ListAsync)
            .WithName("ListAttendees").WithSummary("Who may come to an event, with names and ticket types").WithRateTier(RateTier.Read)
            .WithAnswerExample(RouteExamples.OnePage(s_example)).MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.ValidationFailed);
        ofEvent.MapGet("/attendees.csv", ExportAsync)
            .WithName("ExportAttendees").WithSummary("Who may come to an event, as CSV").WithRateTier(RateTier.Admin)
            .Produces<string>(StatusCodes.Status200OK, "text/csv").WithMetadata(new DisableRequestTimeoutAttribute())
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.TooManyAtOnce, PlatformProblems.Overloaded);
    }

    private static async Task<Results<Ok<Page<Attendee>>, Refusal>> ListAsync(
        Guid eventId, Guid? ticketTypeId, [Range(1, Paging.MaxLimit)] int? limit, string? cursor, Caller caller, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        AfterTicket? after = null;
        if (cursor is not null && !Cursor.TryRead(cursor, out after)) return PlatformProblems.Invalid("/cursor", "Was not made by this list.");
        var (size, look) = (limit ?? Paging.DefaultLimit, database.Look(caller.TenantId));
        if (await look.FindAsync<string>("select name from events.sale_window where event_id = @eventId", new { eventId }, cancellationToken) is null)
            return PlatformProblems.NotFound.With("There is no such event.");
        var rows = await ReadAsync(look, (eventId, ticketTypeId), after?.Id, size + 1, cancellationToken);
        context.NeverCache();
        return TypedResults.Ok(Paging.Make(rows, size, row => row.Answer(), row => new AfterTicket(row.Id)));
    }

    private static Task<IResult> ExportAsync(Guid eventId, Caller caller, HttpContext context, Database database, CsvExport export, CancellationToken cancellationToken) =>
        export.SendAsync(eventId, new CsvFile<Row>($"attendees-{eventId}.csv", "ticket_id,name,email,ticket_type,section,order_number,buyer_name,buyer_email,status,admitted_at",
            (after, stop) => ReadAsync(database.Look(caller.TenantId), (eventId, null), after?.Id, CsvExport.RowsAtOnce, stop), Line), caller, context, cancellationToken);

    // The page comes first; each limit of one row then has what belongs to a ticket looked up, whatever the planner knows of the tables' sizes.
    private static Task<IReadOnlyList<Row>> ReadAsync(TenantLook look, (Guid EventId, Guid? TypeId) of, Guid? after, int limit, CancellationToken cancellationToken) => look.QueryAsync<Row>($"""
        select t.id, t.status, t.attendee_name, t.attendee_email, u.name as holder_name, u.email as holder_email, y.name as ticket_type, w.sections -> (t.section_id::text) ->> 'name' as section,
               o.order_number, o.buyer_name, coalesce(o.contact_email, b.email) as buyer_email, t.user_id is not distinct from o.user_id as is_buyers, a.admitted_at
          from (select * from tickets.tickets t
                 where t.tenant_id = @TenantId and t.event_id = @EventId and t.status in ('issued', 'blocked'){Where.And(of.TypeId is not null, "t.ticket_type_id = @TypeId")}{Where.And(after is not null, "t.id > @after")}
                 order by t.id limit {limit}) t
          join lateral (select o.order_number, o.user_id, o.buyer_name, o.contact_email from tickets.orders o
                         where o.tenant_id = t.tenant_id and o.id = t.order_id limit 1) o on true
          join lateral (select y.name from tickets.ticket_types y where y.tenant_id = t.tenant_id and y.id = t.ticket_type_id limit 1) y on true
          left join (select sections from events.sale_window where tenant_id = @TenantId and event_id = @EventId) w on true
          left join lateral (select u.name, u.email from platform.users u where u.tenant_id = t.tenant_id and u.id = t.user_id limit 1) u on true
          left join lateral (select b.email from platform.users b where b.tenant_id = t.tenant_id and b.id = o.user_id limit 1) b on true
          left join lateral (select a.admitted_at from tickets.admissions a where a.tenant_id = t.tenant_id and a.ticket_id = t.id limit 1) a on true
         order by t.id
        """, new { look.TenantId, of.EventId, of.TypeId, after }, cancellationToken);

    private static string[] Line(Row row)
    {
        var attendee = row.Answer();
        return [$"{attendee.TicketId}", attendee.Name ?? "", attendee.Email ?? "", attendee.TicketType, attendee.Section ?? "", attendee.OrderNumber, attendee.BuyerName ?? "", attendee.BuyerEmail ?? "",
            attendee.Status, attendee.AdmittedAt is { } at ? CsvExport.Instant(at) : ""];
    }

    private sealed record AfterTicket(Guid Id);

    private sealed class Row
    {
        public Guid Id { get; init; }
        public string Status { get; init; } = "";
        public string? AttendeeName { get; init; }
        public string? AttendeeEmail { get; init; }
        public string? HolderName { get; init; }
        public string? HolderEmail { get; init; }
        public string TicketType { get; init; } = "";
        public string? Section { get; init; }
        public string OrderNumber { get; init; } = "";
        public string? BuyerName { get; init; }
        public string? BuyerEmail { get; init; }
        public bool IsBuyers { get; init; }
        public DateTimeOffset? AdmittedAt { get; init; }

        public Attendee Answer() => new(Id, AttendeeName ?? HolderName ?? (IsBuyers ? BuyerName : null), AttendeeEmail ?? HolderEmail ?? (IsBuyers ? BuyerEmail : null), TicketType, Section,
            OrderNumber, BuyerName, BuyerEmail, Status, AdmittedAt);
    }
}
