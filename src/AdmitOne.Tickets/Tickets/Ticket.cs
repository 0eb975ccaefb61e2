using AdmitOne.Contracts;
using AdmitOne.Platform.Identity;

namespace AdmitOne.Tickets.Tickets;

/// <summary>A ticket. <c>issued</c> ones admit; <c>blocked</c>, <c>refunded</c> and <c>cancelled</c> ones do not.</summary>
/// <param name="UserId">Who has it now; null for one sold at the box office.</param>
/// <param name="Event">What it is a ticket for, as it is now; null if the event is gone.</param>
/// <param name="Section">The section's name now; null if the event is gone.</param>
/// <param name="OwnerEmail">Of that person, for staff.</param>
/// <param name="AttendeeName">Who comes with it, if its holder has said so.</param>
/// <param name="AttendeeEmail">Of who comes with it, if its holder has said so. It is not verified.</param>
/// <param name="Admitted">Let in once already.</param>
/// <param name="Transfer">The open offer of it, if there is one; it is still its owner's.</param>
/// <param name="Nft">Its token, where tickets are minted.</param>
public sealed record Ticket(
    Guid Id, Guid EventId, TicketEvent? Event, Guid TicketTypeId, string TicketType, Guid SectionId, string? Section, Guid OrderId, Guid? UserId, string? OwnerEmail, string? AttendeeName,
    string? AttendeeEmail, string Status, bool Admitted, DateTimeOffset? AdmittedAt,
    Money FaceValue, TicketOffer? Transfer, TicketToken? Nft, DateTimeOffset CreatedAt);

/// <summary>What a ticket is for.</summary>
/// <param name="TimeZone">An IANA time zone, such as <c>Europe/Amsterdam</c>.</param>
public sealed record TicketEvent(string Name, string Venue, DateTimeOffset StartsAt, string TimeZone);

/// <summary>To whom a ticket is offered, and until when.</summary>
public sealed record TicketOffer(Guid Id, string RecipientEmail, DateTimeOffset ExpiresAt);

/// <summary>A ticket's token. <c>pending</c>, then <c>minted</c>; <c>transferring</c> or <c>burning</c> while it follows its ticket, <c>burned</c>, or <c>failed</c> when it was given up.</summary>
public sealed record TicketToken(string Status, string? TokenId, string? TransactionId);

internal sealed class TicketRow
{
    public Guid Id { get; init; }
    public Guid EventId { get; init; }
    public Guid TicketTypeId { get; init; }
    public string TicketType { get; init; } = "";
    public Guid SectionId { get; init; }
    public Guid OrderId { get; init; }
    public Guid? UserId { get; init; }
    public string? OwnerEmail { get; init; }
    public string? AttendeeName { get; init; }
    public string? AttendeeEmail { get; init; }
    public string? EventName { get; init; }
    public string? VenueName { get; init; }
    public DateTimeOffset EventStartsAt { get; init; }
    public string? EventTimeZone { get; init; }
    public string? Section { get; init; }
    public string Status { get; init; } = "";
    public DateTimeOffset? AdmittedAt { get; init; }
    public long FaceValueMinor { get; init; }
    public string Currency { get; init; } = "";
    public Guid? OfferId { get; init; }
    public string? OfferRecipient { get; init; }
    public DateTimeOffset? OfferExpiresAt { get; init; }
    public string? NftTokenId { get; init; }
    public string? NftTransactionId { get; init; }
    public string? NftStatus { get; init; }
    public string? MintKind { get; init; }
    public bool MintDone { get; init; }
    public bool MintDead { get; init; }
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>One ticket or a few, by a <c>where</c> that follows.</summary>
    public const string Select = Columns + " from tickets.tickets t " + Beside;

    /// <summary>A page of tickets, in no order.</summary>
    /// <param name="page">A query of <c>tickets.tickets t</c> with an end, such as a <c>limit</c>: it is read first.</param>
    public static string SelectOf(string page) => $"{Columns} from ({page}) t {Beside}";

    private const string Columns = """
        select t.id, t.event_id, t.ticket_type_id, y.name as ticket_type, t.section_id, t.order_id, t.user_id, u.email as owner_email, t.attendee_name, t.attendee_email, t.status,
               w.name as event_name, w.venue_name, w.starts_at as event_starts_at, w.time_zone as event_time_zone, w.section, a.admitted_at,
               t.face_value_minor, t.currency, f.id as offer_id, f.recipient_email as offer_recipient, f.expires_at as offer_expires_at,
               t.nft_token_id, t.nft_transaction_id, t.nft_status, m.kind as mint_kind, coalesce(m.done, true) as mint_done, coalesce(m.dead, false) as mint_dead, t.created_at
        """;

    // Each limit of one row has it looked up for each ticket. While tickets have not been counted, a plain join may be planned to begin
    // with the ticket type and to read all of its tickets.
    private const string Beside = """
          join lateral (select y.name from tickets.ticket_types y
                         where y.tenant_id = t.tenant_id and y.id = t.ticket_type_id limit 1) y on true
          left join lateral (select w.name, w.venue_name, w.starts_at, w.time_zone, w.sections -> (t.section_id::text) ->> 'name' as section
                               from events.sale_window w where w.tenant_id = t.tenant_id and w.event_id = t.event_id limit 1) w on true
          left join lateral (select u.email from platform.users u where u.tenant_id = t.tenant_id and u.id = t.user_id limit 1) u on true
          left join lateral (select a.admitted_at from tickets.admissions a
                              where a.tenant_id = t.tenant_id and a.ticket_id = t.id limit 1) a on true
          left join lateral (select f.id, f.recipient_email, f.expires_at from tickets.ticket_transfers f
                              where f.tenant_id = t.tenant_id and f.ticket_id = t.id and f.status = 'offered'
                                and f.expires_at > statement_timestamp() limit 1) f on true
          left join lateral (select (array_agg(j.kind order by j.step desc))[1] as kind, bool_and(j.status = 'done') as done, bool_or(j.status = 'dead') as dead
                               from tickets.mint_jobs j where j.tenant_id = t.tenant_id and j.ticket_id = t.id) m on true
        """;

    public Ticket Answer(Caller caller) => new(Id, EventId, EventName is null ? null : new TicketEvent(EventName, VenueName!, EventStartsAt, EventTimeZone!), TicketTypeId, TicketType, SectionId, Section, OrderId,
        UserId, caller.IsStaff ? OwnerEmail : null, AttendeeName, AttendeeEmail, Status, AdmittedAt is not null, AdmittedAt,
        Money.Of(FaceValueMinor, Currency), OfferId is { } offer ? new TicketOffer(offer, OfferRecipient!, OfferExpiresAt!.Value) : null, Token(), CreatedAt);

    private TicketToken? Token() => (MintKind, NftTokenId) is (null, null) ? null : new TicketToken((MintDead, MintDone, MintKind) switch
    {
        (true, _, _) => "failed",
        (_, true, _) => NftStatus ?? "minted",
        (_, _, "burn") => "burning",
        _ => NftTokenId is null ? "pending" : "transferring",
    }, NftTokenId, NftTransactionId);
}
