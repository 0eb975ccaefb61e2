using AdmitOne.Contracts;

namespace AdmitOne.Tickets.Tickets;

/// <summary>A ticket. <c>issued</c> ones admit; <c>blocked</c>, <c>refunded</c> and <c>cancelled</c> ones do not.</summary>
/// <param name="Admitted">Let in once already.</param>
public sealed record Ticket(
    Guid Id, Guid EventId, Guid TicketTypeId, string TicketType, Guid SectionId, Guid OrderId, Guid? UserId, string Status, bool Admitted, DateTimeOffset? AdmittedAt,
    Money FaceValue, DateTimeOffset CreatedAt);

internal sealed class TicketRow
{
    public Guid Id { get; init; }
    public Guid EventId { get; init; }
    public Guid TicketTypeId { get; init; }
    public string TicketType { get; init; } = "";
    public Guid SectionId { get; init; }
    public Guid OrderId { get; init; }
    public Guid? UserId { get; init; }
    public string Status { get; init; } = "";
    public DateTimeOffset? AdmittedAt { get; init; }
    public long FaceValueMinor { get; init; }
    public string Currency { get; init; } = "";
    public DateTimeOffset CreatedAt { get; init; }

    public const string Select = """
        select t.id, t.event_id, t.ticket_type_id, y.name as ticket_type, t.section_id, t.order_id, t.user_id, t.status, a.admitted_at,
               t.face_value_minor, t.currency, t.created_at
          from tickets.tickets t
          join tickets.ticket_types y on y.tenant_id = t.tenant_id and y.id = t.ticket_type_id
          left join tickets.admissions a on a.tenant_id = t.tenant_id and a.ticket_id = t.id
        """;

    public Ticket Answer() => new(Id, EventId, TicketTypeId, TicketType, SectionId, OrderId, UserId, Status, AdmittedAt is not null, AdmittedAt,
        Money.Of(FaceValueMinor, Currency), CreatedAt);
}
