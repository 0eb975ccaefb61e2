using AdmitOne.Contracts;
using AdmitOne.Tickets.Pricing;

namespace AdmitOne.UnitTests.Pricing;

/// <summary>The rules of docs/pricing.md, each by an example worked out by hand.</summary>
public sealed class PriceEngineTests
{
    private static readonly DateTimeOffset s_now = new(2026, 10, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid s_first = new("00000000-0000-7000-8000-000000000001");
    private static readonly Guid s_second = new("00000000-0000-7000-8000-000000000002");

    [Theory]
    [InlineData(5, 1, 2, 3)]       // 2.5
    [InlineData(3, 1, 2, 2)]       // 1.5
    [InlineData(4, 1, 3, 1)]       // 1.33
    [InlineData(5, 1, 3, 2)]       // 1.67
    [InlineData(1999, 1900, 10_000, 380)]   // 379.81
    [InlineData(0, 1900, 10_000, 0)]
    [InlineData(long.MaxValue, 1, 1, long.MaxValue)]
    public void A_share_is_rounded_half_up(long amount, long numerator, long denominator, long expected) =>
        Assert.Equal(expected, Rounding.Share(amount, numerator, denominator));

    [Fact]
    public void What_is_spread_goes_to_the_largest_remainders_first_and_to_all_evenly_without_weights()
    {
        Assert.Equal([34, 33, 33], Rounding.Spread(100, [1, 1, 1]));
        Assert.Equal([1, 2, 7], Rounding.Spread(10, [10, 20, 69]));
        Assert.Equal([0, 5, 0], Rounding.Spread(5, [0, 9, 0]));
        Assert.Equal([2, 2, 1], Rounding.Spread(5, [0, 0, 0]));
    }

    [Fact]
    public void An_early_bird_ends_at_its_time_and_with_its_count()
    {
        var rules = new PricePolicy { Rules = [new PriceRule { Kind = PriceRuleKind.EarlyBird, Until = s_now.AddHours(1), Count = 100, Price = Eur(700) }] };
        Assert.Equal(700, Unit(rules, quantity: 4, taken: 96));
        Assert.Equal(1000, Unit(rules, quantity: 4, taken: 97));
        Assert.Equal(1000, Unit(rules, quantity: 1, taken: 0, s_now.AddHours(1)));
    }

    [Fact]
    public void The_first_rule_that_applies_decides_and_a_percentage_is_off_the_types_price()
    {
        var rules = new PricePolicy
        {
            Rules =
            [
                new PriceRule { Kind = PriceRuleKind.Group, Quantity = 5, Percent = 12.5m },
                new PriceRule { Kind = PriceRuleKind.LastMinute, From = s_now, Price = Eur(1500) },
            ],
        };
        Assert.Equal(875, Unit(rules, quantity: 5));
        Assert.Equal(1500, Unit(rules, quantity: 4));
        Assert.Equal(1000, Unit(rules, quantity: 4, at: s_now.AddTicks(-1)));
    }

    [Theory]
    [InlineData(0, 1000)]
    [InlineData(50, 1500)]
    [InlineData(99, 1990)]
    [InlineData(100, 2000)]
    [InlineData(120, 2000)]   // held tickets that nobody has swept
    public void A_dynamic_price_follows_the_share_taken_between_its_bounds(int taken, long expected) =>
        Assert.Equal(expected, Unit(new PricePolicy { Rules = [new PriceRule { Kind = PriceRuleKind.Dynamic, MinPrice = Eur(1000), MaxPrice = Eur(2000) }] }, 1, taken));

    [Fact]
    public void Two_of_five_are_free_when_two_are_bought_for_one_and_it_is_the_cheapest()
    {
        var priced = Price([Item(s_first, 3, 2000), Item(s_second, 4, 500)], Terms(DiscountKind.BuyXGetY) with { Buy = 2, Get = 1 });
        Assert.Equal(3 * 2000 + 4 * 500 - 2 * 500, priced.TotalMinor);
        Assert.Equal([0, 0, 500, 500], priced.Of(s_second).PaidMinor);
    }

    [Fact]
    public void A_capped_percentage_is_spread_over_its_tickets_and_a_fixed_one_never_takes_more_than_they_cost()
    {
        var capped = Price([Item(s_first, 3, 1000)], Terms(DiscountKind.Percentage) with { PercentBp = 5000, CapMinor = 100 });
        Assert.Equal((2900, -100), (capped.TotalMinor, capped.Lines.Single(l => l.Kind == PriceLineKind.Discount).TotalMinor));
        Assert.Equal([966, 967, 967], capped.Of(s_first).PaidMinor);
        var free = Price([Item(s_first, 1, 1000), Item(s_second, 1, 500)], Terms(DiscountKind.Fixed) with { AmountMinor = 9999, Currency = "EUR", TicketTypeIds = [s_second] });
        Assert.Equal(1000, free.TotalMinor);
    }

    [Fact]
    public void Fees_follow_the_discounted_price_and_one_named_alike_by_two_types_is_charged_once()
    {
        var policy = new PricePolicy
        {
            Fees =
            [
                new Fee { Name = "Per ticket", Amount = Eur(50) },
                new Fee { Name = "Service", Percent = 5 },
                new Fee { Name = "Order", Amount = Eur(200), Per = FeePer.Order },
                new Fee { Name = "Card", Percent = 2, Per = FeePer.Order, PaidBy = FeePayer.Organizer },
            ],
        };
        var dearer = policy with { Fees = [new Fee { Name = "Order", Amount = Eur(300), Per = FeePer.Order }] };
        var priced = Price([Item(s_first, 2, 1010, policy), Item(s_second, 1, 400, dearer)], Terms(DiscountKind.Percentage) with { PercentBp = 1000, TicketTypeIds = [s_first] });
        // 2020 − 202 = 1818; 100 of fixed fees; 5 % of 909 is 45.45, so 45 each; 300 once; 400
        Assert.Equal(1818 + 100 + 90 + 300 + 400, priced.TotalMinor);
        Assert.Equal(36, priced.Lines.Single(l => l.Label == "Card").NotedMinor);
        Assert.Equal(300, priced.Lines.Single(l => l.Label == "Order").TotalMinor);
    }

    [Fact]
    public void Tax_is_added_or_contained_on_tickets_and_the_buyers_fees()
    {
        var fee = new Fee { Name = "Booking", Amount = Eur(200), Per = FeePer.Order };
        var added = Price([Item(s_first, 2, 4500, new PricePolicy { Fees = [fee], Tax = new Tax { Percent = 9, Included = false } })]);
        Assert.Equal((9200 + 828, 828), (added.TotalMinor, added.Lines.Single(l => l.Kind == PriceLineKind.Tax).TotalMinor));
        var contained = Price([Item(s_first, 2, 4500, new PricePolicy { Fees = [fee], Tax = new Tax { Percent = 9, Included = true } })]);
        Assert.Equal((9200, 760), (contained.TotalMinor, contained.Lines.Single(l => l.Kind == PriceLineKind.Tax).NotedMinor));   // 9200 × 9 ÷ 109 = 759.63
    }

    [Fact]
    public void Codes_are_taken_off_by_priority_and_only_those_that_may_be_are_combined()
    {
        var half = Terms(DiscountKind.Percentage) with { Id = s_first, PercentBp = 5000, Stackable = true, Priority = 1 };
        var tenner = Terms(DiscountKind.Fixed) with { Id = s_second, Code = "TENNER", AmountMinor = 1000, Currency = "EUR", Stackable = true };
        Assert.Equal(4000 / 2 - 1000, Price([Item(s_first, 1, 4000)], half, tenner).TotalMinor);
        Assert.Equal((4000 - 1000) / 2, Price([Item(s_first, 1, 4000)], half, tenner with { Priority = 2 }).TotalMinor);
        Assert.Equal("discount_invalid", PriceEngine.Price([Item(s_first, 1, 4000)], "EUR", [half, tenner with { Stackable = false }], s_now).Refusal?.Type.Code);
    }

    [Theory]
    [InlineData("other types")]
    [InlineData("other currency")]
    [InlineData("minimum")]
    [InlineData("too few")]
    [InlineData("nothing left")]
    public void A_discount_that_does_not_apply_refuses(string why)
    {
        var discount = why switch
        {
            "other types" => Terms(DiscountKind.Percentage) with { PercentBp = 1000, TicketTypeIds = [Guid.CreateVersion7()] },
            "other currency" => Terms(DiscountKind.Fixed) with { AmountMinor = 100, Currency = "JPY" },
            "minimum" => Terms(DiscountKind.Percentage) with { PercentBp = 1000, MinimumMinor = 2001, Currency = "EUR" },
            "too few" => Terms(DiscountKind.BuyXGetY) with { Buy = 2, Get = 1 },
            _ => Terms(DiscountKind.Percentage) with { PercentBp = 1000, CapMinor = 0, Currency = "EUR" },
        };
        Assert.Equal("discount_invalid", PriceEngine.Price([Item(s_first, 2, 1000)], "EUR", [discount], s_now).Refusal?.Type.Code);
    }

    [Fact]
    public void A_sum_beyond_64_bits_is_a_refusal_and_not_a_fault() =>
        Assert.Equal("validation_failed", PriceEngine.Price([Item(s_first, 3, long.MaxValue / 2)], "EUR", [], s_now).Refusal?.Type.Code);

    private static long Unit(PricePolicy policy, int quantity, int taken = 0, DateTimeOffset? at = null) =>
        PriceEngine.UnitPrice(new PriceItem(s_first, quantity, 1000, policy, (taken, 100)), "EUR", at ?? s_now);

    private static Priced Price(PriceItem[] items, params DiscountTerms[] discounts)
    {
        var (priced, refusal) = PriceEngine.Price(items, "EUR", discounts, s_now);
        Assert.Null(refusal);
        Assert.Equal(priced!.TotalMinor, priced.Lines.Sum(l => l.TotalMinor));
        Assert.Equal(priced.TotalMinor, priced.Tickets.Sum(t => t.PaidMinor.Sum()));
        return priced;
    }

    private static PriceItem Item(Guid type, int quantity, long price, PricePolicy? policy = null) => new(type, quantity, price, policy ?? PricePolicy.None, (0, 1000));

    private static DiscountTerms Terms(DiscountKind kind) => new() { Id = s_first, Code = "CODE", Kind = kind, ValidFrom = s_now.AddDays(-1), ValidUntil = s_now.AddDays(1) };

    private static Money Eur(long amount) => Money.Of(amount, "EUR");
}
