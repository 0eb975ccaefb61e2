using AdmitOne.Platform.Problems;

namespace AdmitOne.Tickets.Pricing;

/// <summary>Takes one discount off what earlier ones left.</summary>
internal static class BillDiscounts
{
    /// <returns>How much it took off, or why it does not apply.</returns>
    public static (long Taken, Refusal? Refusal) Apply(OpenBill bill, DiscountTerms discount, string currency)
    {
        Refusal Not(string because) => PricingProblems.DiscountInvalid.With($"\"{discount.Code}\" {because}");
        int[] eligible = [.. Enumerable.Range(0, bill.Net.Length).Where(t => discount.AppliesTo(bill.Items[bill.ItemOf(t)].TicketTypeId))];
        if (eligible.Length == 0) return (0, Not("is for other tickets."));
        if (discount.Currency is { } money && money != currency) return (0, Not($"is in {money}, these tickets are in {currency}."));
        if (eligible.Sum(t => bill.Face[t]) < discount.MinimumMinor) return (0, Not("needs an order of more."));

        int[] chosen = eligible;
        if (discount.Kind == DiscountKind.BuyXGetY)
        {
            var (buy, get) = (discount.Buy!.Value, discount.Get!.Value);
            // Of every buy + get tickets the get cheapest are free; which of equals makes no difference to anybody.
            chosen = [.. eligible.OrderBy(t => bill.Net[t]).ThenBy(t => t).Take(eligible.Length / (buy + get) * get)];
            if (chosen.Length == 0) return (0, Not($"needs {buy + get} tickets."));
        }
        var left = chosen.Sum(t => bill.Net[t]);
        var wanted = discount.Kind switch
        {
            DiscountKind.Percentage => bill.Share(left, discount.PercentBp!.Value, PercentAttribute.WholeInBasisPoints),
            DiscountKind.Fixed => Math.Min(left, discount.AmountMinor!.Value),
            _ => left,
        };
        var taken = discount.CapMinor is { } cap ? Math.Min(wanted, cap) : wanted;
        if (taken == 0) return (0, Not("takes nothing off these tickets."));

        var parts = bill.Spread(taken, [.. chosen.Select(t => bill.Net[t])]);
        foreach (var (ticket, part) in chosen.Zip(parts))
        {
            bill.Net[ticket] -= part;
            bill.Paid[ticket] -= part;
        }
        foreach (var item in chosen.Zip(parts).GroupBy(t => bill.ItemOf(t.First)).OrderBy(g => g.Key))
            if (item.Sum(t => t.Second) is > 0 and var amount)
                bill.Lines.Add(new PriceLine(PriceLineKind.Discount, bill.Items[item.Key].TicketTypeId, discount.Code, item.Count(t => t.Second > 0), 0, -amount));
        return (taken, null);
    }
}

/// <summary>Adds what is charged beside the tickets.</summary>
internal static class BillFees
{
    public static void Add(OpenBill bill)
    {
        for (var n = 0; n < bill.Items.Count; n++)
            foreach (var fee in bill.Items[n].Policy.Fees.Where(fee => fee is not { Per: FeePer.Order, Amount: not null })) Add(bill, n, fee);
        foreach (var alike in OncePerOrder(bill)) Add(bill, alike.Item, alike.Fee);
    }

    // Types of one event that name the same fee mean the same fee.
    private static IEnumerable<(int Item, Fee Fee)> OncePerOrder(OpenBill bill) =>
        bill.Items.SelectMany((item, n) => item.Policy.Fees.Where(fee => fee is { Per: FeePer.Order, Amount: not null }).Select(fee => (Item: n, Fee: fee)))
            .GroupBy(f => (f.Fee.Name, f.Fee.PaidBy)).OrderBy(g => g.Key.Name, StringComparer.Ordinal).ThenBy(g => g.Key.PaidBy)
            .Select(g => g.OrderByDescending(f => f.Fee.Amount!.Amount).ThenBy(f => f.Item).First());

    private static void Add(OpenBill bill, int item, Fee fee)
    {
        long[] net = [.. bill.TicketsOf(item).Select(t => bill.Net[t])];
        int Points() => PercentAttribute.BasisPoints(fee.Percent!.Value);
        var parts = (fee.Per, fee.Amount) switch
        {
            (FeePer.Ticket, { } amount) => Array.ConvertAll(net, _ => amount.Amount),
            (FeePer.Ticket, null) => Array.ConvertAll(net, price => bill.Share(price, Points(), PercentAttribute.WholeInBasisPoints)),
            (_, { } amount) => bill.Spread(amount.Amount, net),
            (_, null) => bill.Spread(bill.Share(bill.NetOf(item), Points(), PercentAttribute.WholeInBasisPoints), net),
        };
        var whole = parts.Sum();
        if (whole == 0) return;
        var isBuyers = fee.PaidBy == FeePayer.Buyer;
        if (isBuyers) bill.Charge(item, parts);
        bill.Lines.Add(new PriceLine(PriceLineKind.Fee, bill.Items[item].TicketTypeId, fee.Name, fee.Per == FeePer.Ticket ? net.Length : 1, 0, isBuyers ? whole : 0, isBuyers ? 0 : whole));
    }
}

/// <summary>
/// Adds tax, or says how much of it the prices contain: one line for each name, rate and kind, computed once on the sum of what it is on
/// (EN 16931, BR-CO-17), and spread over the tickets that it is on.
/// </summary>
internal static class BillTaxes
{
    public static void Add(OpenBill bill)
    {
        foreach (var alike in Enumerable.Range(0, bill.Items.Count).Where(n => bill.Items[n].Policy.Tax is not null)
            .GroupBy(n => bill.Items[n].Policy.Tax is { } tax ? (tax.Name, Points: PercentAttribute.BasisPoints(tax.Percent), tax.Included) : default))
        {
            var (name, points, isIncluded) = alike.Key;
            int[] tickets = [.. alike.SelectMany(bill.TicketsOf)];
            long[] taxed = [.. tickets.Select(t => bill.Paid[t])];
            // What is only said is said exactly; what is added is a whole step of what cards can pay.
            var amount = isIncluded
                ? Rounding.Share(checked(taxed.Sum()), points, PercentAttribute.WholeInBasisPoints + points)
                : bill.Share(checked(taxed.Sum()), points, PercentAttribute.WholeInBasisPoints);
            if (amount == 0) continue;
            if (!isIncluded)
                foreach (var (ticket, part) in tickets.Zip(bill.Spread(amount, taxed))) bill.Paid[ticket] = checked(bill.Paid[ticket] + part);
            bill.Lines.Add(new PriceLine(PriceLineKind.Tax, bill.Items[alike.First()].TicketTypeId, name, 1, 0, isIncluded ? 0 : amount, isIncluded ? amount : 0) { RateBp = points });
        }
    }
}
