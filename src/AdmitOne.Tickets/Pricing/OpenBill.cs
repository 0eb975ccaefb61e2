namespace AdmitOne.Tickets.Pricing;

/// <summary>An order while it is priced: its tickets one by one, in the order of their types' ids.</summary>
internal sealed class OpenBill
{
    private readonly int[] _first;

    public OpenBill(IReadOnlyList<PriceItem> items, string currency, DateTimeOffset now)
    {
        Items = [.. items.OrderBy(i => i.TicketTypeId)];
        Unit = [.. Items.Select(item => PriceEngine.UnitPrice(item, currency, now))];
        Step = ChargeStep.Of(currency) is var step && Unit.All(price => price % step == 0) ? step : 1;
        _first = new int[Items.Count + 1];
        for (var n = 0; n < Items.Count; n++) _first[n + 1] = checked(_first[n] + Items[n].Quantity);
        Face = new long[_first[^1]];
        for (var n = 0; n < Items.Count; n++)
        {
            Array.Fill(Face, Unit[n], _first[n], Items[n].Quantity);
            Lines.Add(new PriceLine(PriceLineKind.Ticket, Items[n].TicketTypeId, null, Items[n].Quantity, Unit[n], checked(Unit[n] * Items[n].Quantity)));
        }
        Net = [.. Face];
        Paid = [.. Face];
    }

    public IReadOnlyList<PriceItem> Items { get; }

    /// <summary>What is computed is a whole number of these: the currency's <see cref="ChargeStep"/>, unless a price is none.</summary>
    public long Step { get; }

    /// <summary>By item: the price of each of its tickets.</summary>
    public IReadOnlyList<long> Unit { get; }

    /// <summary>By ticket: its price by the rules.</summary>
    public long[] Face { get; }

    /// <summary>By ticket: what discounts have left of it.</summary>
    public long[] Net { get; }

    /// <summary>By ticket: what the buyer pays for it, in the end with fees and added tax.</summary>
    public long[] Paid { get; }

    public List<PriceLine> Lines { get; } = [];

    public IEnumerable<int> TicketsOf(int item) => Enumerable.Range(_first[item], Items[item].Quantity);

    public int ItemOf(int ticket) => Array.BinarySearch(_first, ticket) is >= 0 and var exact ? exact : ~Array.BinarySearch(_first, ticket) - 1;

    public long NetOf(int item) => TicketsOf(item).Sum(t => Net[t]);

    /// <summary>A share of an amount, rounded to a whole <see cref="Step"/>.</summary>
    public long Share(long amount, long numerator, long denominator) => Rounding.Share(amount, numerator, denominator, Step);

    /// <summary>Spreads an amount over tickets in whole <see cref="Step"/>s, as far as the amount is of them.</summary>
    public long[] Spread(long amount, IReadOnlyList<long> weights) => Rounding.Spread(amount, weights, Step);

    /// <summary>Adds to what tickets of an item cost, each its part.</summary>
    public void Charge(int item, IReadOnlyList<long> parts)
    {
        var part = 0;
        foreach (var ticket in TicketsOf(item)) Paid[ticket] = checked(Paid[ticket] + parts[part++]);
    }
}
