using AdmitOne.Platform.Postgres;

namespace AdmitOne.Tickets.Pricing;

/// <summary>An amount that may be below zero, as a discount is: whole minor units and their currency.</summary>
public sealed record SignedMoney(long Amount, string Currency);

/// <summary>One line of a bill. All lines of a bill add up to its total.</summary>
/// <param name="Label">The code of a discount, the name of a fee or a tax, else the ticket type's.</param>
/// <param name="TicketTypeId">The type that it is of; of a fee or a tax on several types, one of them.</param>
/// <param name="UnitPrice">Of a ticket.</param>
/// <param name="Percent">Of a tax.</param>
public sealed record ChargeLine(PriceLineKind Kind, Guid TicketTypeId, string Label, int Quantity, SignedMoney? UnitPrice, SignedMoney Amount, decimal? Percent = null);

/// <summary>Tax that the lines above it contain already.</summary>
/// <param name="TicketTypeId">A type that it is on; of several, one of them.</param>
public sealed record ContainedTax(Guid TicketTypeId, string Label, SignedMoney Amount, decimal? Percent = null);

/// <summary>A bill as quotes, reservations, orders and receipts show it.</summary>
/// <param name="Lines">What adds up to the total.</param>
/// <param name="ContainedTaxes">Tax that prices contain. It is said, not added.</param>
public sealed record Bill(IReadOnlyList<ChargeLine> Lines, IReadOnlyList<ContainedTax> ContainedTaxes)
{
    internal static Bill Of(IEnumerable<PriceLine> lines, string currency, Func<Guid, string> nameOf)
    {
        var all = lines.ToArray();
        return new Bill(
            [.. all.Where(l => l.NotedMinor == 0).Select(l => new ChargeLine(l.Kind, l.TicketTypeId, l.Label ?? nameOf(l.TicketTypeId), l.Quantity,
                l.Kind == PriceLineKind.Ticket ? new SignedMoney(l.UnitMinor, currency) : null, new SignedMoney(l.TotalMinor, currency), Percent(l)))],
            [.. all.Where(l => l is { NotedMinor: > 0, Kind: PriceLineKind.Tax }).Select(l => new ContainedTax(l.TicketTypeId, l.Label ?? "", new SignedMoney(l.NotedMinor, currency), Percent(l)))]);

        static decimal? Percent(PriceLine line) => line.RateBp / 100m;
    }

    /// <summary>The bill of an order, for whoever may see it: with the names under which it was sold.</summary>
    public static async Task<Bill> OfOrderAsync(ITenantReader reader, Guid orderId, string currency, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var rows = await reader.QueryAsync<LineRow>("""
            select i.kind, i.ticket_type_id, i.label, i.quantity, i.unit_price_minor, i.total_minor, i.noted_minor, i.rate_bp, t.name
              from tickets.order_items i join tickets.ticket_types t on t.tenant_id = i.tenant_id and t.id = i.ticket_type_id
             where i.order_id = @orderId order by i.line
            """, new { orderId }, cancellationToken);
        var names = rows.DistinctBy(r => r.TicketTypeId).ToDictionary(r => r.TicketTypeId, r => r.Name);
        return Of(rows.Select(r => new PriceLine(Enum.Parse<PriceLineKind>(r.Kind, ignoreCase: true), r.TicketTypeId, r.Label, r.Quantity, r.UnitPriceMinor, r.TotalMinor, r.NotedMinor) { RateBp = r.RateBp }),
            currency, type => names[type]);
    }

    private sealed class LineRow
    {
        public string Kind { get; init; } = "";
        public Guid TicketTypeId { get; init; }
        public string? Label { get; init; }
        public int Quantity { get; init; }
        public long UnitPriceMinor { get; init; }
        public long TotalMinor { get; init; }
        public long NotedMinor { get; init; }
        public int? RateBp { get; init; }
        public string Name { get; init; } = "";
    }
}
