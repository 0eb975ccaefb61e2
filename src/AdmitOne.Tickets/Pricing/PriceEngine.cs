using AdmitOne.Platform.Problems;

namespace AdmitOne.Tickets.Pricing;

/// <summary>Tickets of one type to be priced.</summary>
/// <param name="BaseMinor">The type's price.</param>
/// <param name="Stock">Its tickets held and sold before these, and how many there are in all.</param>
internal sealed record PriceItem(Guid TicketTypeId, int Quantity, long BaseMinor, PricePolicy Policy, (int Taken, int Quantity) Stock);

/// <summary>
/// Prices an order: what quote, hold and purchase all ask. It knows no clock, no database and no order of items: the same tickets at the same
/// instant always cost the same. In turn: each type's rules, discounts, fees, tax (docs/pricing.md).
/// </summary>
internal static class PriceEngine
{
    /// <summary>What one of so many tickets costs by its type's rules, before discounts, fees and added tax.</summary>
    public static long UnitPrice(PriceItem item, string currency, DateTimeOffset now)
    {
        var step = ChargeStep.Of(currency);
        foreach (var rule in item.Policy.Rules)
        {
            var applies = rule.Kind switch
            {
                PriceRuleKind.EarlyBird => (rule.Until is null || now < rule.Until) && (rule.Count is null || (long)item.Stock.Taken + item.Quantity <= rule.Count),
                PriceRuleKind.LastMinute => now >= rule.From,
                PriceRuleKind.Group => item.Quantity >= rule.Quantity,
                _ => true,
            };
            if (!applies) continue;
            if (rule.Kind != PriceRuleKind.Dynamic)
                return rule.Price?.Amount ?? item.BaseMinor - Rounding.Share(item.BaseMinor, PercentAttribute.BasisPoints(rule.Percent!.Value), PercentAttribute.WholeInBasisPoints, step);
            var (from, to) = (rule.MinPrice!.Amount, rule.MaxPrice!.Amount);
            return item.Stock.Quantity <= 0 ? to : from + Rounding.Share(to - from, Math.Clamp(item.Stock.Taken, 0, item.Stock.Quantity), item.Stock.Quantity, step);
        }
        return item.BaseMinor;
    }

    /// <summary>Prices all of it, or says which code does not apply, or that the sum is beyond counting.</summary>
    /// <param name="currency">That of all items.</param>
    public static (Priced? Priced, Refusal? Refusal) Price(IReadOnlyList<PriceItem> items, string currency, IReadOnlyList<DiscountTerms> discounts, DateTimeOffset now)
    {
        try
        {
            checked
            {
                var bill = new OpenBill(items, currency, now);
                if (discounts.Count > 1 && discounts.FirstOrDefault(d => !d.Stackable) is { } alone)
                    return (null, PricingProblems.DiscountInvalid.With($"\"{alone.Code}\" cannot be combined with other codes."));
                var applied = new List<AppliedDiscount>();
                foreach (var discount in discounts.OrderByDescending(d => d.Priority).ThenBy(d => d.Id))
                {
                    var (taken, refusal) = BillDiscounts.Apply(bill, discount, currency);
                    if (refusal is not null) return (null, refusal);
                    applied.Add(new AppliedDiscount(discount.Id, discount.Code, taken));
                }
                BillFees.Add(bill);
                BillTaxes.Add(bill);
                return (new Priced(currency, bill.Paid.Sum(), [.. bill.Lines.OrderBy(l => l.Kind)],
                    [.. bill.Items.Select((item, n) => new PricedTickets(item.TicketTypeId, bill.Unit[n], bill.TicketsOf(n).Select(t => bill.Paid[t]).ToArray()))], applied), null);
            }
        }
        catch (OverflowException)
        {
            return (null, PlatformProblems.Invalid("/items", "Together they cost more than can be counted."));
        }
    }
}
