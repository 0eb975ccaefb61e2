using AdmitOne.Contracts;
using AdmitOne.Tickets.Pricing;

namespace AdmitOne.UnitTests.Pricing;

/// <summary>What a bill says, line by line, and in which order.</summary>
public sealed class BillTests
{
    private static readonly DateTimeOffset s_now = new(2026, 10, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid s_first = new("00000000-0000-7000-8000-000000000001");
    private static readonly Guid s_second = new("00000000-0000-7000-8000-000000000002");

    [Fact]
    public void Lines_come_by_kind_and_then_by_type_whatever_the_order_of_the_items()
    {
        var policy = new PricePolicy
        {
            Fees =
            [
                new Fee { Name = "Zoo", Amount = Eur(30), Per = FeePer.Order }, new Fee { Name = "Ark", Amount = Eur(20), Per = FeePer.Order },
                new Fee { Name = "Each", Amount = Eur(10) }, new Fee { Name = "Nothing", Amount = Eur(0) },
                new Fee { Name = "Ark", Amount = Eur(7), Per = FeePer.Order, PaidBy = FeePayer.Organizer },
            ],
            Tax = new Tax { Name = "VAT", Percent = 10, Included = false },
        };
        var code = new DiscountTerms { Id = s_first, Code = "CODE", Kind = DiscountKind.Percentage, PercentBp = 1000, ValidFrom = s_now, ValidUntil = s_now.AddDays(1) };
        var (priced, _) = PriceEngine.Price([new PriceItem(s_second, 1, 500, policy, (0, 10)), new PriceItem(s_first, 2, 1000, policy, (0, 10))], "EUR", [code], s_now);
        Assert.Equal(
            [
                new PriceLine(PriceLineKind.Ticket, s_first, null, 2, 1000, 2000),
                new PriceLine(PriceLineKind.Ticket, s_second, null, 1, 500, 500),
                new PriceLine(PriceLineKind.Discount, s_first, "CODE", 2, 0, -200),
                new PriceLine(PriceLineKind.Discount, s_second, "CODE", 1, 0, -50),
                new PriceLine(PriceLineKind.Fee, s_first, "Each", 2, 0, 20),
                new PriceLine(PriceLineKind.Fee, s_second, "Each", 1, 0, 10),
                new PriceLine(PriceLineKind.Fee, s_first, "Ark", 1, 0, 20),
                new PriceLine(PriceLineKind.Fee, s_first, "Ark", 1, 0, 0, 7),
                new PriceLine(PriceLineKind.Fee, s_first, "Zoo", 1, 0, 30),
                new PriceLine(PriceLineKind.Tax, s_first, "VAT", 1, 0, 233) { RateBp = 1000 },
            ], priced!.Lines);
    }

    [Fact]
    public void A_tax_is_computed_once_for_each_name_rate_and_kind()
    {
        PriceItem Item(int n, int quantity, long price, string name, decimal percent, bool included) => new(new Guid(n, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 0), quantity, price,
            new PricePolicy { Tax = new Tax { Name = name, Percent = percent, Included = included } }, (0, 10));
        var (ten, _) = PriceEngine.Price([.. Enumerable.Range(1, 10).Select(n => Item(n, 1, 55, "VAT", 10, included: false))], "EUR", [], s_now);
        Assert.Equal((605, 55), (ten!.TotalMinor, Assert.Single(ten.Lines, l => l.Kind == PriceLineKind.Tax).TotalMinor));
        Assert.Equal(605, ten.Tickets.Sum(t => t.PaidMinor.Sum()));

        var (mixed, _) = PriceEngine.Price(
            [
                Item(1, 1, 1000, "VAT", 10, false), Item(2, 1, 1000, "VAT", 20, false), Item(3, 1, 1000, "Local", 10, false), Item(4, 1, 1100, "VAT", 10, true), Item(5, 1, 1000, "VAT", 10, false),
                Item(6, 1, 1, "Tiny", 1, false),
            ], "EUR", [], s_now);
        Assert.Equal([(200, 0, 1000), (200, 0, 2000), (100, 0, 1000), (0, 100, 1000)],
            mixed!.Lines.Where(l => l.Kind == PriceLineKind.Tax).Select(l => ((int)l.TotalMinor, (int)l.NotedMinor, l.RateBp!.Value)));
    }

    [Fact]
    public void A_discount_counts_the_tickets_from_which_it_took_something()
    {
        var code = new DiscountTerms { Id = s_first, Code = "CENT", Kind = DiscountKind.Fixed, AmountMinor = 2, Currency = "EUR", ValidFrom = s_now, ValidUntil = s_now.AddDays(1) };
        var (priced, _) = PriceEngine.Price([new PriceItem(s_first, 3, 1000, PricePolicy.None, (0, 10)), new PriceItem(s_second, 1, 0, PricePolicy.None, (0, 10))], "EUR", [code], s_now);
        var line = Assert.Single(priced!.Lines, l => l.Kind == PriceLineKind.Discount);
        Assert.Equal((s_first, 2, -2L), (line.TicketTypeId, line.Quantity, line.TotalMinor));
    }

    [Fact]
    public void Codes_of_one_priority_are_taken_off_in_the_order_of_their_ids()
    {
        DiscountTerms Stacked(Guid id, string code, DiscountKind kind) => new()
        {
            Id = id, Code = code, Kind = kind, PercentBp = 5000, AmountMinor = 100, Currency = "EUR", Stackable = true, ValidFrom = s_now, ValidUntil = s_now.AddDays(1),
        };
        long Total(DiscountKind first, DiscountKind second) => PriceEngine.Price([new PriceItem(s_first, 1, 1000, PricePolicy.None, (0, 10))], "EUR",
            [Stacked(s_second, "B", second), Stacked(s_first, "A", first)], s_now).Priced!.TotalMinor;
        Assert.Equal((400, 450), (Total(DiscountKind.Percentage, DiscountKind.Fixed), Total(DiscountKind.Fixed, DiscountKind.Percentage)));
    }

    [Fact]
    public void A_dynamic_price_of_a_type_without_places_is_the_highest() => Assert.Equal(900, PriceEngine.UnitPrice(
        new PriceItem(s_first, 1, 100, new PricePolicy { Rules = [new PriceRule { Kind = PriceRuleKind.Dynamic, MinPrice = Eur(500), MaxPrice = Eur(900) }] }, (0, 0)), "EUR", s_now));

    [Theory]
    [InlineData(1, long.MaxValue, 2)]            // a line
    [InlineData(1, long.MaxValue, 1, 1)]         // the sum of two
    public void What_cannot_be_counted_is_refused(int quantity, long price, params int[] more)
    {
        PriceItem[] items = [new PriceItem(s_first, quantity, price, PricePolicy.None, (0, 10)), .. more.Select(n => new PriceItem(s_second, n, price, PricePolicy.None, (0, 10)))];
        Assert.Equal("validation_failed", PriceEngine.Price(items, "EUR", [], s_now).Refusal?.Type.Code);
        Assert.Throws<OverflowException>(() => Rounding.Share(long.MaxValue, 3, 2));
        Assert.Throws<OverflowException>(() => new OpenBill([new PriceItem(s_first, 2, long.MaxValue, PricePolicy.None, (0, 10))], "EUR", s_now));
    }

    [Fact]
    public void A_bill_names_types_and_shows_contained_tax_beside_what_adds_up()
    {
        PriceLine[] lines =
        [
            new(PriceLineKind.Ticket, s_first, null, 2, 100, 200), new(PriceLineKind.Discount, s_first, "CODE", 2, 0, -20), new(PriceLineKind.Fee, s_first, "Card", 1, 0, 0, 3),
            new(PriceLineKind.Tax, s_first, "VAT", 1, 0, 0, 16), new(PriceLineKind.Tax, s_second, "Local", 1, 0, 5),
        ];
        var bill = Bill.Of(lines, "EUR", type => type == s_first ? "Floor" : "Seat");
        Assert.Equal(
            [
                new ChargeLine(PriceLineKind.Ticket, s_first, "Floor", 2, new SignedMoney(100, "EUR"), new SignedMoney(200, "EUR")),
                new ChargeLine(PriceLineKind.Discount, s_first, "CODE", 2, null, new SignedMoney(-20, "EUR")),
                new ChargeLine(PriceLineKind.Tax, s_second, "Local", 1, null, new SignedMoney(5, "EUR")),
            ], bill.Lines);
        Assert.Equal([new ContainedTax(s_first, "VAT", new SignedMoney(16, "EUR"))], bill.ContainedTaxes);
    }

    [Theory]
    [InlineData("100", true)]
    [InlineData("0.01", true)]
    [InlineData("5.55", true)]
    [InlineData("0", false)]
    [InlineData("-1", false)]
    [InlineData("100.01", false)]
    [InlineData("5.555", false)]
    public void A_percentage_is_above_nothing_at_most_all_and_in_hundredths(string percent, bool valid)
    {
        var value = decimal.Parse(percent, System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(valid, new PercentAttribute().IsValid(value));
        if (valid) Assert.Equal((int)(value * 100), PercentAttribute.BasisPoints(value));
        Assert.True(new PercentAttribute().IsValid(null));
        Assert.False(new PercentAttribute().IsValid("5"));
    }

    private static Money Eur(long amount) => Money.Of(amount, "EUR");
}
