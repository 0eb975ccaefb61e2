using AdmitOne.Platform.Identity;

namespace AdmitOne.Tickets.Transfers;

/// <summary>A ticket offered to somebody: <c>offered</c>, then <c>accepted</c>, <c>declined</c>, <c>cancelled</c> or <c>expired</c>.</summary>
/// <param name="Event">The event's name.</param>
/// <param name="Direction"><c>sent</c> or <c>received</c>, as the caller sees it; null for a manager who did neither.</param>
/// <param name="RecipientEmail">To whom it was offered; null for those whom it does not concern.</param>
/// <param name="Sender">The sender's name, or as much of their e-mail address as tells whom it is from.</param>
/// <param name="Message">What the sender wrote to the recipient; nobody else reads it.</param>
/// <param name="ExpiresAt">Until when it can be accepted.</param>
/// <param name="ClosedAt">When it was answered or ended.</param>
/// <param name="ClosedBecause"><c>ticket_blocked</c>, <c>ticket_refunded</c> or <c>ticket_cancelled</c>, if that ended the offer.</param>
public sealed record Transfer(
    Guid Id, Guid TicketId, Guid EventId, string? Event, string TicketType, string? Direction, string Status, string? RecipientEmail, string? Sender, string? Message,
    DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, DateTimeOffset? ClosedAt, string? ClosedBecause);

internal sealed class TransferRow
{
    public Guid Id { get; init; }
    public Guid TicketId { get; init; }
    public Guid EventId { get; init; }
    public string? Event { get; init; }
    public string TicketType { get; init; } = "";
    public Guid? FromUserId { get; init; }
    public Guid? ToUserId { get; init; }
    public string RecipientEmail { get; init; } = "";
    public string? SenderName { get; init; }
    public string? SenderEmail { get; init; }
    public string? Message { get; init; }
    public string Status { get; init; } = "";
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset ExpiresAt { get; init; }
    public DateTimeOffset? ClosedAt { get; init; }
    public string? ClosedBecause { get; init; }

    /// <summary>An offer is expired from its time on, whether or not anybody has swept it.</summary>
    public const string Select = """
        select f.id, f.ticket_id, t.event_id, w.name as event, y.name as ticket_type, f.from_user_id, f.to_user_id, f.recipient_email, u.name as sender_name, u.email as sender_email,
               f.message, case when f.status = 'offered' and f.expires_at <= statement_timestamp() then 'expired' else f.status end as status,
               f.created_at, f.expires_at, case when f.status = 'offered' and f.expires_at <= statement_timestamp() then f.expires_at else f.closed_at end as closed_at, f.closed_because
          from tickets.ticket_transfers f
          join tickets.tickets t on t.tenant_id = f.tenant_id and t.id = f.ticket_id
          join tickets.ticket_types y on y.tenant_id = t.tenant_id and y.id = t.ticket_type_id
          left join events.sale_window w on w.tenant_id = t.tenant_id and w.event_id = t.event_id
          left join platform.users u on u.tenant_id = f.tenant_id and u.id = f.from_user_id
        """;

    public bool IsFrom(Caller caller) => FromUserId == caller.UserId;

    /// <summary>Whoever accepted it, or until then whoever can prove to have the address.</summary>
    public bool IsFor(Caller caller) => ToUserId is { } owner ? owner == caller.UserId : !IsFrom(caller) && caller.EmailIsVerified && RecipientEmail == caller.Email;

    /// <summary>As much of it as this caller may know: addresses and messages are for the two people of an offer, and for managers.</summary>
    public Transfer Answer(Caller caller)
    {
        var (sent, received) = (IsFrom(caller), IsFor(caller));
        var concerned = sent || received || caller.IsManager;
        return new Transfer(Id, TicketId, EventId, Event, TicketType, sent ? "sent" : received ? "received" : null, Status, concerned ? RecipientEmail : null,
            concerned ? SenderName ?? (caller.IsManager || sent ? SenderEmail : Mask(SenderEmail)) : null, concerned ? Message : null, CreatedAt, ExpiresAt, ClosedAt, ClosedBecause);
    }

    private static string? Mask(string? email) => email is not null && email.IndexOf('@', StringComparison.Ordinal) is > 0 and var at ? $"{email[0]}…{email[at..]}" : null;
}
