using System.Text.Json;
using AdmitOne.Contracts;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Tickets.Pricing;

namespace AdmitOne.Tickets.Orders;

/// <summary>
/// An order. <c>payment_pending</c>, then <c>paid</c>, <c>payment_failed</c> or <c>expired</c>; <c>partially_refunded</c> when some of its tickets were given back,
/// <c>refunded</c> when all were, or when money came after the tickets were gone.
/// </summary>
/// <param name="Event">The event as it was when the order was made, whatever it is called now.</param>
/// <param name="UserId">Its owner; null for what was sold at the box office.</param>
/// <param name="SoldBy">Who sold it for cash.</param>
/// <param name="ContactEmail">Where its messages go, as the buyer gave it. It is not verified.</param>
/// <param name="BuyerName">As the buyer gave it.</param>
/// <param name="Language">The buyer's, a tag of BCP 47; null: the organiser's.</param>
/// <param name="PageKey">
/// For its owner, and for staff where it has none: opens <c>/api/v1/order-pages/{orderNumber}/{pageKey}</c> without a token. Who has it can show the tickets' codes and give tickets back: keep it secret.
/// </param>
/// <param name="Items">The tickets, by type.</param>
/// <param name="Lines">All that adds up to the total: tickets, discounts, fees, taxes.</param>
/// <param name="ContainedTaxes">Tax that prices contain: said, not added.</param>
public sealed record Order(
    Guid Id, string OrderNumber, Guid EventId, EventAsSold Event, Guid? UserId, Guid? SoldBy, string? ContactEmail, string? BuyerName, string? Language, string? PageKey,
    string Status, Money Total, OrderPayment Payment, IReadOnlyList<OrderLine> Items,
    IReadOnlyList<ChargeLine> Lines, IReadOnlyList<ContainedTax> ContainedTaxes, IReadOnlyList<OrderTicket> Tickets, IReadOnlyList<OrderRefund> Refunds,
    IReadOnlyList<OrderDispute> Disputes, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>An event as its buyer was sold it.</summary>
/// <param name="TimeZone">An IANA time zone, such as <c>Europe/Amsterdam</c>.</param>
public sealed record EventAsSold(Guid Id, string Name, string Venue, DateTimeOffset StartsAt, string TimeZone);

public sealed record OrderPayment(string Method, string Status);

public sealed record OrderLine(Guid TicketTypeId, int Quantity, Money UnitPrice, Money Total);

public sealed record OrderTicket(Guid Id, Guid TicketTypeId, string Status);

/// <summary>Money on its way back.</summary>
/// <param name="Status"><c>pending</c>, also at the provider; <c>succeeded</c>; or <c>failed</c>: the provider did not take it, and is asked again unless it needs a person.</param>
/// <param name="Attempts">How often the provider was asked.</param>
/// <param name="LastError">What the provider said last, for managers.</param>
/// <param name="NeedsPerson">For managers: it failed after the provider had accepted it, or it was made in the provider's dashboard and fits no tickets.</param>
public sealed record OrderRefund(
    Guid Id, string Status, Money Amount, Money Fee, string Reason, IReadOnlyList<Guid> TicketIds, int Attempts, string? LastError, bool NeedsPerson, DateTimeOffset CreatedAt);

/// <summary>The buyer's bank asks for the order's money back. Managers see it.</summary>
/// <param name="Status"><c>open</c>, <c>won</c> or <c>lost</c>.</param>
/// <param name="ProviderStatus">The provider's own word for it, such as <c>needs_response</c>.</param>
/// <param name="Reason">The provider's word, such as <c>fraudulent</c>.</param>
public sealed record OrderDispute(Guid Id, string Status, string ProviderStatus, string Reason, Money Amount, DateTimeOffset CreatedAt);

/// <summary>An order in a list; its lines and tickets are read with the order itself.</summary>
/// <param name="Event">The event as it was when the order was made.</param>
/// <param name="UserId">Its owner; null for what was sold at the box office.</param>
/// <param name="Items">What was bought, by type.</param>
public sealed record OrderSummary(
    Guid Id, string OrderNumber, Guid EventId, EventAsSold Event, Guid? UserId, string? ContactEmail, string? BuyerName, string? Language, string Status, Money Total, IReadOnlyList<OrderedType> Items,
    DateTimeOffset CreatedAt);

/// <summary>Tickets of one type in an order.</summary>
/// <param name="TicketType">The type's name when it was sold.</param>
/// <param name="Section">The section's name now; null if the event is gone.</param>
public sealed record OrderedType(Guid TicketTypeId, string TicketType, string? Section, int Quantity);

internal sealed class OrderRow
{
    public Guid Id { get; init; }
    public string OrderNumber { get; init; } = "";
    public Guid EventId { get; init; }
    public Guid? UserId { get; init; }
    public Guid? SoldBy { get; init; }
    public string Status { get; init; } = "";
    public long TotalMinor { get; init; }
    public string Currency { get; init; } = "";
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }
    public string? ContactEmail { get; init; }
    public string? BuyerName { get; init; }
    public string? Language { get; init; }

    /// <summary>In a list: its <see cref="OrderedType"/>s as JSON.</summary>
    public string? ItemsJson { get; init; }

    // As it was sold; of an order that the version before wrote, as the event is now.
    public string? EventName { get; init; }
    public string? VenueName { get; init; }
    public DateTimeOffset? EventStartsAt { get; init; }
    public string? EventTimeZone { get; init; }

    public Owner Owner => new(UserId ?? SoldBy);

    /// <summary>Whether this caller sees the order's secrets: its owner does, and staff where it was sold at the box office.</summary>
    public bool MayOpenPage(Caller caller) => UserId is { } owner ? owner == caller.UserId : caller.IsStaff;

    public EventAsSold AsSold => new(EventId, EventName ?? "", VenueName ?? "", EventStartsAt ?? default, EventTimeZone ?? "UTC");

    public static Task<OrderRow?> FindAsync(ITenantReader reader, Guid id, CancellationToken cancellationToken) =>
        reader.FindAsync<OrderRow>($"select {Columns}, {SoldColumns} from tickets.orders o {SoldFrom} where o.id = @id", new { id }, cancellationToken);

    /// <summary>The event as it was sold, with <see cref="SoldFrom"/>.</summary>
    public const string SoldColumns = """
        coalesce(o.event_name, w.name) as event_name, coalesce(o.venue_name, w.venue_name) as venue_name, coalesce(o.event_starts_at, w.starts_at) as event_starts_at,
        coalesce(o.event_time_zone, w.time_zone) as event_time_zone
        """;

    public const string SoldFrom = "left join events.sale_window w on w.tenant_id = o.tenant_id and w.event_id = o.event_id";

    /// <summary>What was bought, by type, for each order of a page.</summary>
    public const string ItemsColumn = """
        (select jsonb_agg(jsonb_build_object('ticketTypeId', i.ticket_type_id, 'ticketType', coalesce(i.label, y.name), 'section', w.sections -> (y.section_id::text) ->> 'name', 'quantity', i.quantity) order by i.line)
           from tickets.order_items i join tickets.ticket_types y on y.tenant_id = i.tenant_id and y.id = i.ticket_type_id
          where i.tenant_id = o.tenant_id and i.order_id = o.id and i.kind = 'ticket')::text as items_json
        """;

    public OrderSummary Summary() => new(Id, OrderNumber, EventId, AsSold, UserId, ContactEmail, BuyerName, Language, Status, Money.Of(TotalMinor, Currency),
        ItemsJson is null ? [] : JsonSerializer.Deserialize<OrderedType[]>(ItemsJson, Json.Answers)!, CreatedAt);

    public const string Columns = "o.id, o.order_number, o.event_id, o.user_id, o.sold_by, o.status, o.total_minor, o.currency, o.created_at, o.updated_at, o.contact_email, o.buyer_name, o.language";
}
