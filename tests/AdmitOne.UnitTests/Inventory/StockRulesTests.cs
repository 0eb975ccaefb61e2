using AdmitOne.Contracts;
using AdmitOne.Platform.Audit;
using AdmitOne.Tickets.Inventory;
using AdmitOne.Tickets.Pricing;
using FsCheck;
using FsCheck.Fluent;

namespace AdmitOne.UnitTests.Inventory;

/// <summary>The rules of a batch, without a database: any order of any wishes keeps the books right.</summary>
public sealed class StockRulesTests
{
    private static readonly PaymentTimes s_times = new(TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(15));
    private static readonly StoredAnswer s_declined = new(402, "declined");

    /// <summary>One thing that happens: which of fifteen, to which of what there is, and how much.</summary>
    private sealed record Step(int Kind, int Pick, int Quantity)
    {
        /// <summary>Half of the steps have a code.</summary>
        public IReadOnlyList<string> Codes => (Pick % 4) switch { 0 => ["TEN"], 1 => ["ONCE"], _ => [] };
    }

    private static Gen<Step> Steps =>
        from kind in Gen.Choose(0, 15)
        from pick in Gen.Choose(0, 50)
        from quantity in Gen.Choose(1, 4)
        select new Step(kind, pick, quantity);

    [Fact]
    public void Whatever_happens_in_whatever_order_nothing_is_oversold_leaked_or_paid_for_nothing() =>
        Prop.ForAll(Steps.ListOf().Resize(120).ToArbitrary(), steps => { Play(steps); }).Check(PropertyCases.Some(100));

    [Fact]
    public async Task A_late_customers_limit_still_counts_what_expired_holds_gave_back()
    {
        var books = new Books();
        var type = books.AddType(books.AddSection(10), 10, 100, perCustomer: 2);
        var buyer = Guid.CreateVersion7();
        HoldStock Hold(int n) => new(books.Tenant, books.EventId, buyer, [new HoldItem(type, n)], TimeSpan.FromMinutes(1));

        books.Run(Hold(2));
        var refused = Hold(1);
        books.Run(refused);
        Assert.Equal("limit_per_customer", (await refused.Done).Refusal?.Type.Code);
        books.Now += TimeSpan.FromMinutes(2);
        var allowed = Hold(2);
        books.Run(allowed);
        Assert.NotNull((await allowed.Done).Value);
    }

    [Fact]
    public async Task A_refund_and_late_money_in_a_holds_batch_do_not_raise_the_limit_of_unpaid_places()
    {
        var books = new Books { Rules = new HoldRules(MaxUnpaid: 6, ScarcePercent: 0, TimeSpan.FromMinutes(1)) };
        var type = books.AddType(books.AddSection(100), 100, 100);
        var buyer = Guid.CreateVersion7();
        HoldStock Hold(int n) => new(books.Tenant, books.EventId, buyer, [new HoldItem(type, n)], TimeSpan.FromMinutes(30));

        books.Run(Buy(books, type, 4, buyer, "key-1"));
        books.Run(Settle(books, books.Orders.Single(), PaymentResult.Succeeded));
        books.Run(Buy(books, type, 2, buyer, "key-2"));
        var late = books.Orders.Single(o => o.Status == "payment_pending");
        books.Now += TimeSpan.FromMinutes(10);
        books.Run(Settle(books, late, PaymentResult.Expired));
        books.Run(Hold(6));
        var (refund, money) = (GiveBack(books, books.Orders.First(), null, buyer), Settle(books, books.Orders.Last(), PaymentResult.Succeeded));
        var more = Hold(1);
        books.Run(refund, money, more);
        Assert.NotNull((await refund.Done).Value);
        Assert.Equal("paid", (await money.Done).Value!.OrderStatus);
        Assert.Equal("limit_unpaid", (await more.Done).Refusal?.Type.Code);
    }

    [Fact]
    public async Task Within_one_batch_first_come_is_first_served()
    {
        var books = new Books();
        var type = books.AddType(books.AddSection(3), 3, 100);
        var holds = Enumerable.Range(0, 5).Select(_ => new HoldStock(books.Tenant, books.EventId, Guid.CreateVersion7(), [new HoldItem(type, 1)], TimeSpan.FromMinutes(1))).ToArray();
        books.Run(holds);
        var answers = await Task.WhenAll(holds.Select(h => h.Done));
        Assert.Equal([true, true, true, false, false], answers.Select(a => a.Value is not null));
        Assert.Equal("insufficient_inventory", answers[4].Refusal?.Type.Code);
    }

    [Fact]
    public void Money_for_a_cancelled_event_goes_back_and_no_ticket_is_issued()
    {
        var books = new Books();
        var type = books.AddType(books.AddSection(3), 3, 100);
        var begin = Buy(books, type, 1, Guid.CreateVersion7(), "key-1");
        books.Run(begin);
        books.EventStatus = "cancelled";
        books.Run(Settle(books, books.Orders.Single(), PaymentResult.Succeeded));
        Assert.Equal("refunded", books.Orders.Single().Status);
        Assert.Single(books.Refunds);
        Assert.Equal((0, 0), books.Stock(type));
    }

    [Fact]
    public async Task A_holder_pays_the_fee_and_an_organiser_gives_all_back()
    {
        var books = new Books { FeePercent = 15 };
        var type = books.AddType(books.AddSection(5), 5, 333);
        var buyer = Guid.CreateVersion7();
        books.Run(Buy(books, type, 3, buyer, "key-1"));
        books.Run(Settle(books, books.Orders.Single(), PaymentResult.Succeeded));
        var (mine, theirs) = (GiveBack(books, books.Orders.Single(), [books.Tickets[0].Id], buyer), GiveBack(books, books.Orders.Single(), [books.Tickets[1].Id], holder: null));
        var again = GiveBack(books, books.Orders.Single(), [books.Tickets[0].Id], buyer);
        books.Run(mine, theirs, again);

        var made = (await mine.Done).Value!.Made!;
        Assert.Equal((283, 50, "partially_refunded"), (made.AmountMinor, made.FeeMinor, made.OrderStatus));   // 49.95 is 50
        Assert.Equal((333, 0), ((await theirs.Done).Value!.Made!.AmountMinor, (await theirs.Done).Value!.Made!.FeeMinor));
        Assert.Equal("already_refunded", (await again.Done).Refusal!.Type.Code);
        books.TryAdmit(books.Tickets[2].Id);
        var used = GiveBack(books, books.Orders.Single(), null, buyer);
        books.Run(used);
        Assert.Equal("ticket_used", (await used.Done).Refusal!.Type.Code);
        Assert.Equal((0, 1), books.Stock(type));
    }

    [Fact]
    public void A_fee_taken_from_parts_is_the_fee_of_the_whole() => Prop.ForAll(
        (from paid in Gen.Choose(0, 1_000_000).ListOf() from percent in Gen.Choose(0, 100) select (paid, percent)).ToArbitrary(),
        wanted => wanted.paid.All(paid => RefundTickets.Fee(paid, wanted.percent, "EUR") is var fee && fee >= 0 && fee <= paid && Math.Abs(fee - paid * wanted.percent / 100m) <= 0.5m))
        .Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void Ids_of_a_holds_rows_are_consecutive_and_found_between_its_first_and_last()
    {
        var hold = HoldIds.New(TimeProvider.System.GetUtcNow());
        var rows = Enumerable.Range(0, HoldIds.MaxRows).Select(n => HoldIds.Row(hold, n)).ToArray();
        Assert.Equal(hold, rows[0]);
        Assert.Equal(HoldIds.LastRow(hold), rows[^1]);
        Assert.Equal(HoldIds.MaxRows, rows.Distinct().Count());
        Assert.Equal(rows, rows.OrderBy(r => Convert.ToHexString(r.ToByteArray(bigEndian: true)), StringComparer.Ordinal));
        Assert.Throws<ArgumentOutOfRangeException>(() => HoldIds.Row(hold, HoldIds.MaxRows));
    }

    private static void Play(IEnumerable<Step> steps)
    {
        var books = new Books { Rules = new HoldRules(MaxUnpaid: 6, ScarcePercent: 30, TimeSpan.FromMinutes(1)) };
        var floor = books.AddSection(12);
        books.AddDiscount("TEN", 1000, maxUses: 3);
        books.AddDiscount("ONCE", 5000, perCustomer: 1);
        var priced = new PricePolicy
        {
            Rules = [new PriceRule { Kind = PriceRuleKind.Dynamic, MinPrice = Money.Of(1001, "EUR"), MaxPrice = Money.Of(3003, "EUR") }],
            Fees = [new Fee { Name = "Booking", Amount = Money.Of(101, "EUR"), Per = FeePer.Order }],
            Tax = new Tax { Percent = 7.7m, Included = false },
        };
        var types = new[] { books.AddType(floor, 8, 2500, policy: priced), books.AddType(floor, 8, 1000, perCustomer: 3), books.AddType(books.AddSection(5), 9, 0) };
        var buyers = Enumerable.Range(0, 4).Select(_ => Guid.CreateVersion7()).ToArray();
        var waiting = new List<StockCommand>();
        var keys = 0;
        foreach (var step in steps)
        {
            var buyer = buyers[step.Pick % buyers.Length];
            var type = types[step.Pick % types.Length];
            var row = books.Rows.Count == 0 ? null : books.Rows.ElementAt(step.Pick % books.Rows.Count);
            var order = books.Orders.Count == 0 ? null : books.Orders.ElementAt(step.Pick % books.Orders.Count);
            switch (step.Kind)
            {
                case 0 or 1: waiting.Add(new HoldStock(books.Tenant, books.EventId, buyer, [new HoldItem(type, step.Quantity)], TimeSpan.FromMinutes(2)) { DiscountCodes = step.Codes }); break;
                case 2 when row is not null: waiting.Add(new ReleaseStock(books.Tenant, books.EventId, row.UserId, row.HoldId, TypesOf(books, row))); break;
                case 3 when row is not null: waiting.Add(Pay(books, row, $"key-{keys++}")); break;
                case 4: waiting.Add(Buy(books, type, step.Quantity, buyer, $"key-{step.Pick}", step.Codes)); break;   // some keys come again
                case 5 or 6 when order is not null: waiting.Add(Settle(books, order, PaymentResult.Succeeded)); break;
                case 7 when order is not null: waiting.Add(Settle(books, order, step.Quantity switch { > 3 => PaymentResult.Failed, 3 => PaymentResult.CalledOff, _ => PaymentResult.Expired })); break;
                case 8: books.Now += TimeSpan.FromMinutes(step.Quantity); break;
                case 10 when order is not null: waiting.Add(GiveBack(books, order, null, step.Pick % 2 == 0 ? order.UserId : null)); break;
                case 11 or 12 when books.Tickets.Count > 0:
                    var ticket = books.Tickets[step.Pick % books.Tickets.Count];
                    waiting.Add(GiveBack(books, books.Orders.Single(o => o.Id == ticket.OrderId), [ticket.Id], step.Quantity > 2 ? ticket.UserId : null));
                    break;
                case 13:
                    books.FeePercent = step.Pick;
                    if (books.Tickets.Count > 0) books.TryAdmit(books.Tickets[step.Pick % books.Tickets.Count].Id);
                    break;
                case 14 or 15 when row is not null:
                    HoldItem[] items = step.Pick % 2 == 0 ? [new(type, step.Quantity)] : [new(types[0], step.Quantity), new(types[step.Pick % 3 == 0 ? 1 : 2], 1)];
                    waiting.Add(new ChangeHold(books.Tenant, books.EventId, row.UserId, row.HoldId, TypesOf(books, row), items, _ => step.Pick % 5 != 0) { DiscountCodes = step.Codes });
                    break;
                case 9: books.EventStatus = step.Pick == 7 ? "cancelled" : step.Pick % 3 == 0 ? "sales_paused" : "on_sale"; break;
            }
            // Batches of several commands, as when many arrive while the last one commits.
            if (waiting.Count == 0 || step.Pick % 3 == 0) continue;
            books.Run([.. waiting]);
            waiting.Clear();
        }
        if (waiting.Count > 0) books.Run([.. waiting]);
    }

    private static BeginPayment Buy(Books books, Guid type, int quantity, Guid buyer, string key, IReadOnlyList<string>? codes = null) => new(books.Tenant, books.EventId, buyer,
        new WantedTickets(null, [new HoldItem(type, quantity)], WantedDiscounts.Of(codes ?? [])), new PaymentWish("test", "tok_ok"), s_times, new KeyedRequest(buyer, "POST /purchases", key, [(byte)quantity]), Paid);

    private static BeginPayment Pay(Books books, HeldRow row, string key) => new(books.Tenant, books.EventId, row.UserId,
        new WantedTickets(row.HoldId, [.. books.Rows.Where(r => r.HoldId == row.HoldId).Select(r => new HoldItem(r.TicketTypeId, r.Quantity))],
            WantedDiscounts.Of(Priced.Read(books.Rows.First(r => r.HoldId == row.HoldId).Priced)?.Discounts.Select(d => d.Id).ToArray())), new PaymentWish(row.UnitPriceMinor == 0 ? "free" : "test", null), s_times,
        new KeyedRequest(row.UserId, "POST /purchases", key, [0]), Paid);

    private static Guid[] TypesOf(Books books, HeldRow row) => [.. books.Rows.Where(r => r.HoldId == row.HoldId).Select(r => r.TicketTypeId)];

    private static SettlePayment Settle(Books books, OrderState order, PaymentResult result) => new(books.Tenant, books.EventId, order.Id,
        new HeldFor(order.HoldId, order.UserId, books.Rows.Where(r => r.HoldId == order.HoldId).Select(r => r.TicketTypeId).ToArray(), order.DiscountIds), result, "ref", Paid, _ => s_declined);

    private static RefundTickets GiveBack(Books books, OrderState order, IReadOnlyList<Guid>? tickets, Guid? holder) => new(books.Tenant, books.EventId,
        books.Rows.Where(r => r.HoldId == order.HoldId).Select(r => r.TicketTypeId).ToArray(), new RefundWish(order.Id, tickets, "because", Actor.OfSystem("test")) { HolderId = holder, DiscountIds = order.DiscountIds });

    private static StoredAnswer Paid(PaidOrder order) => new(201, order.Number);
}
