using AdmitOne.Contracts;
using AdmitOne.Tickets.Pricing;
using FsCheck;
using FsCheck.Fluent;

namespace AdmitOne.UnitTests.Pricing;

/// <summary>What is true of every price, whatever is sold, by whatever rules, with whatever codes.</summary>
public sealed class PricePropertiesTests
{
    private const int Few = 1000;

    private static readonly DateTimeOffset s_now = new(2026, 10, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid[] s_types = [.. Enumerable.Range(1, 5).Select(n => new Guid(n, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 0))];

    private static readonly string[] s_currencies =
        [.. from a in Letters from b in Letters from c in Letters let code = $"{a}{b}{c}" where new CurrencyAttribute().IsValid(code) select code];

    private static IEnumerable<char> Letters => Enumerable.Range('A', 26).Select(c => (char)c);

    private sealed record Order(IReadOnlyList<PriceItem> Items, string Currency, IReadOnlyList<DiscountTerms> Discounts);

    [Fact]
    public void No_ticket_costs_less_than_nothing_and_lines_and_tickets_add_up_to_the_total() => Holds(order =>
        Of(order) is not { } priced
        || (priced.TotalMinor >= 0 && priced.Tickets.All(t => t.UnitMinor >= 0 && t.PaidMinor.All(paid => paid >= 0))
            && priced.Lines.Sum(l => l.TotalMinor) == priced.TotalMinor && priced.Tickets.Sum(t => t.PaidMinor.Sum()) == priced.TotalMinor
            && priced.Lines.All(l => l.NotedMinor >= 0 && (l.Kind == PriceLineKind.Discount ? l.TotalMinor < 0 : l.TotalMinor >= 0))
            && priced.Tickets.All(t => t.PaidMinor.Count == order.Items.Single(i => i.TicketTypeId == t.TicketTypeId).Quantity)));

    [Fact]
    public void A_discount_never_makes_anything_dearer() => Holds(order =>
    {
        if (Of(order) is not { } with || Of(order with { Discounts = [] }) is not { } without) return true;
        return with.TotalMinor <= without.TotalMinor
            && with.Discounts.Sum(d => d.AmountMinor) <= without.Lines.Where(l => l.Kind == PriceLineKind.Ticket).Sum(l => l.TotalMinor)
            && -with.Lines.Where(l => l.Kind == PriceLineKind.Discount).Sum(l => l.TotalMinor) == with.Discounts.Sum(d => d.AmountMinor);
    });

    [Fact]
    public void The_order_of_the_items_and_of_the_codes_makes_no_difference() => Holds(order =>
        Text(Of(order)) == Text(Of(order with { Items = [.. order.Items.Reverse()], Discounts = [.. order.Discounts.Reverse()] })));

    [Fact]
    public void A_capped_discount_stays_below_its_cap_and_a_fixed_one_below_its_amount() => Holds(order => Of(order) is not { } priced || priced.Discounts.All(applied =>
    {
        var terms = order.Discounts.Single(d => d.Id == applied.Id);
        return applied.AmountMinor <= (terms.CapMinor ?? long.MaxValue) && applied.AmountMinor <= (terms.AmountMinor ?? long.MaxValue);
    }));

    [Fact]
    public void Of_every_so_many_tickets_the_cheapest_are_free() => Holds(order =>
    {
        var terms = new DiscountTerms { Id = s_types[0], Code = "FREE", Kind = DiscountKind.BuyXGetY, Buy = 2, Get = 1, ValidFrom = s_now, ValidUntil = s_now.AddDays(1) };
        var prices = order.Items.SelectMany(i => Enumerable.Repeat(PriceEngine.UnitPrice(i, order.Currency, s_now), i.Quantity)).Order().ToArray();
        var free = prices.Take(prices.Length / 3).Sum();
        var priced = Of(order with { Discounts = [terms] });
        return free == 0 ? priced is null : priced!.Discounts.Single().AmountMinor == free;
    });

    [Fact]
    public void A_tax_has_one_line_for_each_name_rate_and_kind_which_is_its_share_of_the_sum_that_it_is_on() => Holds(order =>
    {
        if (Of(order) is not { } priced || Of(order with { Items = [.. order.Items.Select(i => i with { Policy = i.Policy with { Tax = null } })] }) is not { } untaxed) return true;
        var lines = priced.Lines.Where(l => l.Kind == PriceLineKind.Tax).ToArray();
        // What is added is a whole step of the currency, if all prices are; what is only said is said exactly.
        var step = ChargeStep.Of(order.Currency) is var least && order.Items.All(i => PriceEngine.UnitPrice(i, order.Currency, s_now) % least == 0) ? least : 1;
        var wanted = order.Items.Where(i => i.Policy.Tax is not null).GroupBy(i => i.Policy.Tax!).Select(group =>
        {
            var points = PercentAttribute.BasisPoints(group.Key.Percent);
            var sum = group.Sum(i => untaxed.Of(i.TicketTypeId).PaidMinor.Sum());
            return (group.Key.Name, points, group.Key.Included, Amount: Rounding.Share(sum, points, PercentAttribute.WholeInBasisPoints + (group.Key.Included ? points : 0), group.Key.Included ? 1 : step));
        }).Where(t => t.Amount > 0).ToHashSet();
        return lines.Length == wanted.Count && wanted.SetEquals(lines.Select(l => (l.Label!, l.RateBp!.Value, l.NotedMinor > 0, l.TotalMinor + l.NotedMinor)))
            && priced.TotalMinor == untaxed.TotalMinor + lines.Sum(l => l.TotalMinor);
    });

    [Fact]
    public void Tickets_given_back_in_any_order_and_any_parts_come_to_what_was_paid() => Prop.ForAll(
        (from order in Orders from fee in Gen.Choose(0, 100) from parts in Gen.Choose(1, 4) from seed in Gen.Choose(0, 1_000_000) select (order, fee, parts, seed)).ToArbitrary(), given =>
        {
            if (Of(given.order) is not { } priced) return true;
            long[] paid = [.. priced.Tickets.SelectMany(t => t.PaidMinor)];
            var random = new Random(given.seed);
            long[][] refunds = [.. paid.OrderBy(_ => random.Next()).GroupBy(_ => random.Next(given.parts)).Select(part => part.ToArray())];
            var kept = refunds.Sum(part => part.Sum(p => AdmitOne.Tickets.Inventory.RefundTickets.Fee(p, given.fee, given.order.Currency)));
            var back = refunds.Sum(part => part.Sum() - part.Sum(p => AdmitOne.Tickets.Inventory.RefundTickets.Fee(p, given.fee, given.order.Currency)));
            return back + kept == priced.TotalMinor && kept == paid.Sum(p => AdmitOne.Tickets.Inventory.RefundTickets.Fee(p, given.fee, given.order.Currency)) && back >= 0;
        }).Check(PropertyCases.Some(Few));

    [Fact]
    public void What_is_spread_is_neither_more_nor_less_and_no_part_exceeds_its_weight() => Prop.ForAll(
        (from weights in Gen.Choose(0, 1000).Select(n => (long)n).ListOf() from part in Gen.Choose(0, 100) select (Weights: weights.ToArray(), Part: part)).ToArbitrary(), given =>
        {
            var whole = given.Weights.Sum();
            var amount = whole * given.Part / 100;
            var parts = Rounding.Spread(amount, given.Weights);
            return parts.Sum() == amount && parts.Zip(given.Weights).All(p => p.First >= 0 && p.First <= p.Second);
        }).Check(PropertyCases.Some(Few));

    [Fact]
    public void An_order_of_whole_steps_stays_in_whole_steps() => Holds(order =>
    {
        foreach (var currency in new[] { "KWD", "MGA" })
        {
            var step = ChargeStep.Of(currency);
            var stepped = InSteps(order, currency, step);
            if (Of(stepped) is not { } priced) continue;
            if (priced.TotalMinor % step != 0 || priced.Tickets.Any(t => t.PaidMinor.Any(paid => paid % step != 0))) return false;
            if (priced.Tickets.Any(t => t.PaidMinor.Any(paid => Inventory(paid, currency) % step != 0))) return false;
        }
        return true;

        static long Inventory(long paid, string currency) => paid - AdmitOne.Tickets.Inventory.RefundTickets.Fee(paid, 33, currency);
    });

    private static Order InSteps(Order order, string currency, long step)
    {
        return new Order([.. order.Items.Select(i => i with { BaseMinor = i.BaseMinor * step, Policy = Stepped(i.Policy) })], currency,
            [.. order.Discounts.Select(d => d with { Currency = d.Currency is null ? null : currency, AmountMinor = d.AmountMinor * step, CapMinor = d.CapMinor * step, MinimumMinor = d.MinimumMinor * step })]);

        PricePolicy Stepped(PricePolicy policy) => policy with
        {
            Rules = [.. policy.Rules.Select(r => r with { Price = Money(r.Price), MinPrice = Money(r.MinPrice), MaxPrice = Money(r.MaxPrice) })],
            Fees = [.. policy.Fees.Select(f => f with { Amount = Money(f.Amount) })],
        };

        Money? Money(Money? money) => money is null ? null : Contracts.Money.Of(money.Amount * step, currency);
    }

    [Fact]
    public void Every_currency_is_priced_in_its_own_minor_units()
    {
        Assert.Contains("JPY", s_currencies);
        Assert.Contains("KWD", s_currencies);
        foreach (var currency in s_currencies)
        {
            var policy = new PricePolicy { Fees = [new Fee { Name = "Booking", Amount = Money.Of(99, currency) }], Tax = new Tax { Percent = 7.7m, Included = false } };
            var (priced, _) = PriceEngine.Price([new PriceItem(s_types[0], 3, 1001, policy, (0, 10))], currency, [], s_now);
            Assert.Equal((currency, 3300 + 254), (priced!.Currency, priced.TotalMinor));   // 7.7 % of 3300 is 254.1
        }
    }

    private static Priced? Of(Order order) => PriceEngine.Price(order.Items, order.Currency, order.Discounts, s_now).Priced;

    private static string? Text(Priced? priced) => priced?.Write();

    private static void Holds(Func<Order, bool> property) => Prop.ForAll(Orders.ToArbitrary(), property).Check(PropertyCases.Some(Few));

    private static Gen<T?> Maybe<T>(Gen<T> gen) where T : struct => Gen.OneOf(gen.Select(value => (T?)value), Gen.Constant((T?)null));

    private static Gen<long> Amount => Gen.Frequency((1, Gen.Constant(0L)), (6, Gen.Choose(1, 20_000).Select(n => (long)n)), (1, Gen.Choose(1, 1_000_000).Select(n => n * 1_000_000L)));

    private static Gen<decimal> Percentage => Gen.Choose(1, 10_000).Select(points => points / 100m);

    private static Gen<PriceRule> Rule(string currency) =>
        from kind in Gen.Elements(PriceRuleKind.EarlyBird, PriceRuleKind.LastMinute, PriceRuleKind.Group)
        from price in Amount
        from percent in Maybe(Percentage)
        from number in Gen.Choose(2, 12)
        from hours in Gen.Choose(-2, 2)
        select new PriceRule
        {
            Kind = kind,
            Count = kind == PriceRuleKind.EarlyBird ? number : null,
            From = kind == PriceRuleKind.LastMinute ? s_now.AddHours(hours) : null,
            Quantity = kind == PriceRuleKind.Group ? number : null,
            Price = percent is null ? Money.Of(price, currency) : null,
            Percent = percent,
        };

    private static Gen<PriceRule> Dynamic(string currency) =>
        from low in Amount
        from more in Amount
        select new PriceRule { Kind = PriceRuleKind.Dynamic, MinPrice = Money.Of(low, currency), MaxPrice = Money.Of(low + more, currency) };

    private static Gen<Fee> FeeOf(string currency) =>
        from name in Gen.Elements("Booking", "Service", "Card")
        from amount in Amount
        from percent in Maybe(Percentage)
        from per in Gen.Elements(FeePer.Ticket, FeePer.Order)
        from payer in Gen.Elements(FeePayer.Buyer, FeePayer.Organizer)
        select new Fee { Name = name, Amount = percent is null ? Money.Of(amount, currency) : null, Percent = percent, Per = per, PaidBy = payer };

    private static Gen<PricePolicy> Policy(string currency) =>
        from rules in Rule(currency).ListOf(2)
        from last in Dynamic(currency).ListOf(1)
        from ruled in Gen.Choose(0, 2)
        from fees in FeeOf(currency).ListOf(3)
        from feeCount in Gen.Choose(0, 3)
        from tax in Gen.Frequency((1, Maybe(Percentage)), (2, Gen.Elements(7m, 10m, 19m).Select(rate => (decimal?)rate)))
        from name in Gen.Elements("VAT", "Local")
        from included in Gen.Elements(true, false)
        select new PricePolicy
        {
            Rules = ruled switch { 0 => [], 1 => [.. rules], _ => [.. rules, .. last] },
            Fees = [.. fees.Take(feeCount)],
            Tax = tax is { } percent ? new Tax { Name = name, Percent = percent, Included = included } : null,
        };

    private static Gen<DiscountTerms> Discount(int number, string currency) =>
        from kind in Gen.Elements(DiscountKind.Percentage, DiscountKind.Fixed, DiscountKind.BuyXGetY)
        from points in Gen.Choose(1, 10_000)
        from amount in Amount
        from cap in Maybe(Gen.Choose(1, 5000))
        from priority in Gen.Choose(0, 2)
        from buy in Gen.Choose(1, 2)
        from one in Gen.Elements(true, false, false)
        select new DiscountTerms
        {
            Id = s_types[number],
            Code = $"CODE{number}",
            Kind = kind,
            PercentBp = kind == DiscountKind.Percentage ? points : null,
            AmountMinor = kind == DiscountKind.Fixed ? amount + 1 : null,
            Buy = kind == DiscountKind.BuyXGetY ? buy : null,
            Get = kind == DiscountKind.BuyXGetY ? 1 : null,
            Currency = currency,
            CapMinor = cap,
            Priority = priority,
            Stackable = true,
            TicketTypeIds = one ? [s_types[0]] : null,
            ValidFrom = s_now,
            ValidUntil = s_now.AddDays(1),
        };

    private static Gen<PriceItem> Item(Guid type, string currency) =>
        from quantity in Gen.Choose(1, 10)
        from price in Amount
        from policy in Policy(currency)
        from taken in Gen.Choose(0, 20)
        select new PriceItem(type, quantity, price, policy, (taken, 20));

    private static Gen<Order> Orders =>
        from currency in Gen.Elements(s_currencies)
        from count in Gen.Choose(1, 4)
        from items in Gen.CollectToList(Enumerable.Range(0, count).Select(n => Item(s_types[n], currency)))
        from codes in Gen.Choose(0, 2)
        from discounts in Gen.CollectToList(Enumerable.Range(0, codes).Select(n => Discount(n, currency)))
        select new Order([.. items], currency, [.. discounts]);
}
