using AdmitOne.Platform.Audit;
using AdmitOne.Tickets.Inventory;
using AdmitOne.Tickets.Pricing;

namespace AdmitOne.UnitTests.Inventory;

/// <summary>How a payment begins and how it is settled, rule by rule, late money and lost discounts too.</summary>
public sealed class PurchaseRulesTests
{
    private static readonly PaymentWish s_card = new("test", "tok_ok");
    private static readonly PaymentWish s_free = new("free", null);

    private readonly OneSale _sale = new();

    [Fact]
    public void A_payment_that_begins_writes_an_order_its_lines_and_what_is_to_be_asked_of_the_provider()
    {
        var type = _sale.Type(price: 250);
        Assert.Null(_sale.Decide(_sale.Buy(type, 2, request: _sale.Key()), out var begun));
        var pending = begun!.Pending!;
        Assert.Null(begun.Paid);
        Assert.Equal((_sale.Tenant, _sale.EventId, _sale.Buyer, 500L, "EUR", "test", "tok_ok"),
            (pending.TenantId, pending.EventId, pending.UserId, pending.AmountMinor, pending.Currency, pending.Method, pending.Token));
        Assert.Equal(_sale.Now + OneSale.Times.PaymentWindow, pending.HoldExpiresAt);
        Assert.Equal([type.Id], pending.TicketTypeIds);
        Assert.Null(pending.DiscountIds);
        var order = Assert.Single(_sale.Changes.Orders);
        Assert.Equal((pending.OrderId, pending.HoldId, "payment_pending", 500L, (Guid?)_sale.Buyer, (Guid?)null), (order.Id, order.HoldId, order.Status, order.TotalMinor, order.UserId, order.SoldBy));
        Assert.Matches("^[2-9A-HJKMNP-TV-Z]{10}$", order.Number);
        var line = Assert.Single(_sale.Changes.OrderItems);
        Assert.Equal((1, PriceLineKind.Ticket, 2, 250L, 500L), (line.Line, line.Of.Kind, line.Of.Quantity, line.Of.UnitMinor, line.Of.TotalMinor));
        var payment = Assert.Single(_sale.Changes.Payments);
        Assert.Equal(("created", 500L, _sale.Now + OneSale.Times.AskAfter), (payment.Status, payment.AmountMinor, payment.NextCheckAt));
        Assert.Equal((2, 0), (type.HeldChange, type.SoldChange));
        Assert.Empty(_sale.Changes.Tickets);
        Assert.Empty(_sale.Changes.Remembered);
        Assert.Empty(_sale.Changes.Forgotten);
    }

    [Fact]
    public void What_costs_nothing_is_paid_at_once_and_what_costs_something_is_not_free()
    {
        var (gift, dear) = (_sale.Type(price: 0), _sale.Type(price: 1));
        Assert.Equal("payment_method_unavailable", _sale.Decide(_sale.Buy(dear, 1, s_free, _sale.Key())));
        Assert.Equal("payment_method_unavailable", _sale.Decide(_sale.BuyHeld(_sale.Held(dear, 1), s_free)));
        _sale.AssertNothingHappened();
        Assert.Equal("key", Assert.Single(_sale.Changes.Forgotten).Key);

        Assert.Null(_sale.Decide(_sale.Buy(gift, 2, s_free, _sale.Key()), out var begun));
        Assert.Null(begun!.Pending);
        Assert.Equal(2, begun.Paid!.Tickets.Count);
        Assert.Equal((0, 2), (gift.HeldChange, gift.SoldChange));
        Assert.Equal(("paid", "succeeded", _sale.Now), (_sale.Changes.Orders[0].Status, _sale.Changes.Payments[0].Status, _sale.Changes.Payments[0].NextCheckAt));
        Assert.Equal("completed", Assert.Single(_sale.Changes.HoldMoves).Status);
        Assert.Equal("order.paid", Assert.Single(_sale.Changes.Messages).Type);
        Assert.Equal((201, begun.Paid.OrderId), (_sale.Changes.Remembered[0].Answer.Status, _sale.Changes.Remembered[0].OrderId));
        Assert.Empty(_sale.Changes.Audited);
    }

    [Fact]
    public void What_is_sold_at_the_counter_belongs_to_nobody_and_is_written_down()
    {
        var type = _sale.Type(price: 100, perCustomer: 1);
        Assert.Null(_sale.Decide(_sale.Buy(type, 3, s_card with { Method = "cash", SoldBy = Actor.OfSystem("counter") }), out var begun));
        Assert.Equal(3, begun!.Paid!.Tickets.Count);
        Assert.All(begun.Paid.Tickets, ticket => Assert.Null(ticket.UserId));
        Assert.Null(_sale.Changes.Orders[0].UserId);
        Assert.Equal("order.sell", Assert.Single(_sale.Changes.Audited).Entry.Action);
        Assert.Empty(_sale.View.Owned);
        Assert.Null(_sale.Decide(_sale.Buy(type, 2, s_card with { IsOwnerless = true }), out var ownerless));
        Assert.Equal("created", _sale.Changes.Payments[1].Status);
        Assert.NotNull(ownerless!.Pending);
    }

    [Fact]
    public void An_order_service_gives_an_order_its_id_once()
    {
        var type = _sale.Type();
        var wish = s_card with { OrderId = Guid.CreateVersion7() };
        Assert.Null(_sale.Decide(_sale.Buy(type, 1, wish), out var begun));
        Assert.Equal(wish.OrderId, begun!.Pending!.OrderId);
        Assert.Equal("already_exists", _sale.Decide(_sale.Buy(type, 1, wish)));
        Assert.Equal(1, type.HeldChange);
    }

    [Fact]
    public void A_purchase_whose_key_is_known_gets_the_first_answer()
    {
        var type = _sale.Type();
        _sale.View.Requests[(_sale.Buyer, "POST /purchases", "key")] = new KnownRequest([1], new StoredAnswer(201, "first"));
        Assert.Null(_sale.Decide(_sale.Buy(type, 1, request: _sale.Key(1)), out var begun));
        Assert.Equal("first", begun!.Repeated!.Body);
        Assert.Equal("idempotency_key_reused", _sale.Decide(_sale.Buy(type, 1, request: _sale.Key(2))));
        _sale.AssertNothingHappened();
        Assert.Empty(_sale.Changes.Forgotten);
    }

    [Theory]
    [InlineData("unknown", "not_found")]
    [InlineData("somebody else's", "not_owner")]
    [InlineData("expired", "reservation_expired")]
    [InlineData("over this moment", "reservation_expired")]
    [InlineData("released", "reservation_not_held")]
    [InlineData("completed", "reservation_not_held")]
    [InlineData("being paid", "reservation_not_held")]
    [InlineData("paused", "sales_not_open")]
    [InlineData("gone", "sales_not_open")]
    public void A_hold_that_cannot_be_bought_is_left_as_it_is(string how, string refusal)
    {
        if (how == "paused") _sale.Window = _sale.Window! with { Status = "sales_paused" };
        if (how == "gone") _sale.Window = null;
        var type = _sale.Type(counted: (1, 0));
        var rows = _sale.Held(type, 1, how is "expired" or "released" or "completed" ? how : "held", how == "being paid" ? Guid.CreateVersion7() : null, how == "over this moment" ? TimeSpan.Zero : null);
        if (how == "unknown") _sale.View.Holds.Clear();
        Assert.Equal(refusal, _sale.Decide(_sale.BuyHeld(rows, buyer: how == "somebody else's" ? Guid.CreateVersion7() : null, request: _sale.Key())));
        _sale.AssertNothingHappened();
        Assert.Single(_sale.Changes.Forgotten);
    }

    [Theory]
    [InlineData(1, 5)]      // so that there is time to pay
    [InlineData(9, 9)]
    public void A_hold_made_in_time_is_bought_after_the_window_and_keeps_its_price_and_the_longer_time(int leftMinutes, int thenMinutes)
    {
        _sale.Window = _sale.Window! with { SalesEndAt = _sale.Now.AddHours(-1) };
        var type = _sale.Type(price: 300, counted: (2, 0));
        var rows = _sale.Held(type, 2, left: TimeSpan.FromMinutes(leftMinutes)).ConvertAll(row => row with { UnitPriceMinor = 200 });
        _sale.View.Holds[rows[0].HoldId] = rows;
        Assert.Null(_sale.Decide(_sale.BuyHeld(rows), out var begun));
        Assert.Equal((400, _sale.Now.AddMinutes(thenMinutes)), (begun!.Pending!.AmountMinor, begun.Pending.HoldExpiresAt));
        Assert.Equal(new HoldBound(rows[0].Id, begun.Pending.OrderId, _sale.Now.AddMinutes(thenMinutes)), Assert.Single(_sale.Changes.HoldsBound));
        Assert.Equal(begun.Pending.OrderId, _sale.View.Holds[rows[0].HoldId][0].OrderId);
        Assert.Equal("reservation_not_held", _sale.Decide(_sale.BuyHeld(rows)));
        Assert.Equal(0, type.HeldChange);
    }

    [Fact]
    public void A_code_is_counted_once_by_the_purchase_and_given_back_when_that_fails()
    {
        var type = _sale.Type(price: 1000);
        var code = _sale.Discount("TEN", maxUses: 1);
        Assert.Null(_sale.Decide(_sale.Buy(type, 1, code: "TEN"), out var begun));
        Assert.Equal((900, 1, 1), (begun!.Pending!.AmountMinor, code.UsedChange, code.ByCustomer[_sale.Buyer]));
        Assert.Equal([code.Terms.Id], begun.Pending.DiscountIds!);
        Assert.Equal(100, Assert.Single(_sale.Changes.Redemptions).AmountMinor);
        Assert.Equal("discount_exhausted", _sale.Decide(_sale.Buy(type, 1, code: "TEN")));
        Assert.Equal(1, type.HeldChange);

        Assert.Null(_sale.Decide(_sale.Settle(_sale.View.Orders[begun.Pending.OrderId], PaymentResult.Failed)));
        Assert.Equal((0, 0, 0), (code.UsedChange, code.ByCustomer[_sale.Buyer], type.HeldChange));
        Assert.Equal(new RedemptionMove(begun.Pending.OrderId, "given_back"), Assert.Single(_sale.Changes.RedemptionMoves));
    }

    [Theory]
    [InlineData(PaymentResult.Failed, "payment_failed", "failed", "released")]
    [InlineData(PaymentResult.CalledOff, "payment_failed", "cancelled", "released")]
    [InlineData(PaymentResult.Expired, "expired", "cancelled", "expired")]
    internal void A_payment_without_money_ends_its_order_and_gives_the_tickets_back(PaymentResult result, string order, string payment, string hold)
    {
        var type = _sale.Type(counted: (2, 0), perCustomer: 9);
        _sale.View.Owned[(_sale.Buyer, type.Id)] = 2;
        var pending = _sale.Order(_sale.Held(type, 2, inOneStep: true), "payment_pending");
        Assert.Null(_sale.Decide(_sale.Settle(pending, result), out var settled));
        Assert.Equal((order, null, null), (settled!.OrderStatus, settled.Paid, settled.Answer));
        Assert.Equal(new OrderMove(pending.Id, order, "ref"), Assert.Single(_sale.Changes.OrderMoves));
        Assert.Equal(new PaymentMove(pending.PaymentId, payment, "ref"), Assert.Single(_sale.Changes.PaymentMoves));
        Assert.Equal(hold, Assert.Single(_sale.Changes.HoldMoves).Status);
        Assert.Equal(OneSale.Declined, Assert.Single(_sale.Changes.Kept).Answer);
        Assert.Equal((-2, result == PaymentResult.Expired ? 2 : 0), (type.HeldChange, _sale.View.Owned[(_sale.Buyer, type.Id)]));
        // Whatever comes later changes nothing but for money.
        Assert.Null(_sale.Decide(_sale.Settle(pending, result), out var again));
        Assert.Equal(order, again!.OrderStatus);
        Assert.Single(_sale.Changes.OrderMoves);
    }

    [Theory]
    [InlineData(PaymentResult.Failed, "payment_failed", "failed")]
    [InlineData(PaymentResult.CalledOff, "payment_failed", "cancelled")]
    [InlineData(PaymentResult.Expired, "expired", "cancelled")]
    internal void A_hold_outlives_a_payment_without_money_and_is_paid_by_the_next_one_in_the_time_that_it_has(PaymentResult result, string order, string payment)
    {
        var type = _sale.Type(counted: (2, 0), perCustomer: 2);
        _sale.View.Owned[(_sale.Buyer, type.Id)] = 2;
        var held = _sale.Held(type, 2);
        var first = _sale.Order(held, "payment_pending");
        Assert.Null(_sale.Decide(_sale.Settle(first, result), out var settled));
        Assert.Equal((order, payment), (settled!.OrderStatus, Assert.Single(_sale.Changes.PaymentMoves).Status));
        Assert.Equal((0, 2), (type.HeldChange, _sale.View.Owned[(_sale.Buyer, type.Id)]));
        Assert.Empty(_sale.Changes.HoldMoves);
        Assert.Equal(held[0].Id, Assert.Single(_sale.Changes.HoldsFreed).RowId);
        Assert.Equal(OneSale.HeldOn, Assert.Single(_sale.Changes.Kept).Answer);

        // One minute is left: the next payment has that and no more.
        Assert.Null(_sale.Decide(_sale.BuyHeld(held), out var begun));
        Assert.Equal(held[0].ExpiresAt, begun!.Pending!.HoldExpiresAt);
        var second = _sale.View.Orders[begun.Pending.OrderId];
        Assert.Null(_sale.Decide(_sale.Settle(second, PaymentResult.Succeeded), out var paid));
        Assert.Equal(("paid", -2, 2), (paid!.OrderStatus, type.HeldChange, type.SoldChange));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Late_money_leaves_a_hold_to_the_payment_that_has_it_now(bool thereIsMore)
    {
        var type = _sale.Type(quantity: thereIsMore ? 10 : 2, counted: (2, 0));
        var held = _sale.Held(type, 2);
        var first = _sale.Order(held, "payment_pending");
        Assert.Null(_sale.Decide(_sale.Settle(first, PaymentResult.Failed)));
        Assert.Null(_sale.Decide(_sale.BuyHeld(held), out var begun));
        var second = _sale.View.Orders[begun!.Pending!.OrderId];

        Assert.Null(_sale.Decide(_sale.Settle(first, PaymentResult.Succeeded), out var late));
        Assert.Equal(thereIsMore ? "paid" : "refunded", late!.OrderStatus);
        Assert.Equal((2, thereIsMore ? 2 : 0), (type.Held, type.Sold));
        Assert.Empty(_sale.Changes.HoldMoves);
        Assert.Null(_sale.Decide(_sale.Settle(second, PaymentResult.Succeeded), out var paid));
        Assert.Equal(("paid", 0, thereIsMore ? 4 : 2), (paid!.OrderStatus, type.Held, type.Sold));
        // And late money after that finds a hold that another order completed.
        Assert.Equal(held[0].Id, Assert.Single(_sale.Changes.HoldMoves).RowId);
    }

    [Fact]
    public void Late_money_takes_the_hold_that_waits_for_another_payment_and_counts_its_code_again()
    {
        var type = _sale.Type(counted: (1, 0));
        var code = _sale.Discount("TEN", maxUses: 2);
        code.Count(_sale.Buyer, 1);
        var order = _sale.Order(_sale.Held(type, 1), "payment_pending", [code.Terms.Id]);
        Assert.Null(_sale.Decide(_sale.Settle(order, PaymentResult.CalledOff)));
        Assert.Equal(0, code.Used);
        Assert.Null(_sale.Decide(_sale.Settle(order, PaymentResult.Succeeded), out var settled));
        Assert.Equal(("paid", 1, -1, 1), (settled!.OrderStatus, code.Used, type.HeldChange, type.SoldChange));
        Assert.Equal("completed", Assert.Single(_sale.Changes.HoldMoves).Status);
    }

    [Theory]
    [InlineData(200, "EUR", null)]
    [InlineData(199, "EUR", "price_changed")]
    [InlineData(200, "USD", "price_changed")]
    public void What_the_customer_was_shown_is_charged_or_nothing(long amount, string currency, string? refusal)
    {
        var type = _sale.Type(price: 100);
        var expected = AdmitOne.Contracts.Money.Of(amount, currency);
        Assert.Equal(refusal, _sale.Decide(_sale.Buy(type, 2, expected: expected)));
        if (refusal is not null) _sale.AssertNothingHappened();
        Assert.Equal(refusal, _sale.Decide(_sale.BuyHeld(_sale.Held(type, 2), expected: expected)));
        Assert.Equal(refusal, _sale.Decide(new HoldStock(_sale.Tenant, _sale.EventId, _sale.Buyer, [new HoldItem(type.Id, 2)], TimeSpan.FromMinutes(1)) { ExpectedTotal = expected }));
        if (refusal is not null) _sale.AssertNothingHappened();
    }

    [Fact]
    public void Money_in_time_makes_tickets_once()
    {
        var type = _sale.Type(price: 250, counted: (2, 0));
        var order = _sale.Order(_sale.Held(type, 2), "payment_pending");
        _sale.View.Tickets[order.Id] = [];
        Assert.Null(_sale.Decide(_sale.Settle(order, PaymentResult.Succeeded), out var settled));
        Assert.Equal(("paid", 2, 201), (settled!.OrderStatus, settled.Paid!.Tickets.Count, settled.Answer!.Status));
        Assert.Equal((-2, 2), (type.HeldChange, type.SoldChange));
        Assert.All(_sale.Changes.Tickets, t => Assert.Equal((type.Id, _sale.Section.Id, order.Id, 250L, 250L), (t.TicketTypeId, t.SectionId, t.OrderId, t.FaceValueMinor, t.PaidMinor)));
        Assert.Equal(2, _sale.View.Tickets[order.Id].Count);
        Assert.All(_sale.View.Tickets[order.Id], ticket => Assert.Equal(("issued", false), (ticket.Status, ticket.IsAdmitted)));
        Assert.Equal("succeeded", Assert.Single(_sale.Changes.PaymentMoves).Status);
        Assert.Equal(settled.Answer, Assert.Single(_sale.Changes.Kept).Answer);
        foreach (var later in Enum.GetValues<PaymentResult>())
        {
            Assert.Null(_sale.Decide(_sale.Settle(order, later), out var again));
            Assert.Equal(("paid", null), (again!.OrderStatus, again.Paid));
        }
        Assert.Equal(2, _sale.Changes.Tickets.Count);
        Assert.Equal("not_found", _sale.Decide(_sale.Settle(order with { Id = Guid.CreateVersion7() }, PaymentResult.Succeeded)));
    }

    [Theory]
    [InlineData("payment_failed", "released")]
    [InlineData("expired", "expired")]
    [InlineData("payment_pending", "held")]      // past its time, and nobody has swept it
    public void Late_money_takes_the_tickets_again_if_they_are_there(string status, string hold)
    {
        var type = _sale.Type(quantity: 2, perCustomer: 2, counted: (hold == "held" ? 2 : 0, 0));
        var order = _sale.Order(_sale.Held(type, 2, hold, left: TimeSpan.Zero), status);
        Assert.Null(_sale.Decide(_sale.Settle(order, PaymentResult.Succeeded), out var settled));
        Assert.Equal(("paid", 2, 2, 0), (settled!.OrderStatus, settled.Paid!.Tickets.Count, type.Sold, type.Held));
        Assert.Equal(2, _sale.View.Owned[(_sale.Buyer, type.Id)]);
        Assert.Empty(_sale.Changes.Refunds);
    }

    [Theory]
    [InlineData("sold meanwhile")]
    [InlineData("the section is full")]
    [InlineData("the customer has bought up to the limit")]
    [InlineData("the last use of its code is taken")]
    [InlineData("cancelled")]
    public void Late_money_for_which_nothing_can_be_sold_goes_back_whole(string why)
    {
        if (why == "cancelled") _sale.Window = _sale.Window! with { Status = "cancelled" };
        var section = new SectionState(Guid.CreateVersion7(), why == "the section is full" ? 5 : 20, 0, 4);
        var type = _sale.Type(quantity: 10, perCustomer: 3, section: section, counted: (0, why == "sold meanwhile" ? 9 : 4));
        var code = _sale.Discount("TEN", maxUses: 1);
        if (why == "the last use of its code is taken") code.Count(Guid.CreateVersion7(), 1);
        if (why == "the customer has bought up to the limit") _sale.View.Owned[(_sale.Buyer, type.Id)] = 2;
        var before = code.Used;
        var order = _sale.Order(_sale.Held(type, 2, "released"), "payment_failed", [code.Terms.Id]);
        Assert.Equal("reservation_expired", _sale.Decide(_sale.Settle(order, PaymentResult.Succeeded, refuseLateMoney: true)));
        Assert.Empty(_sale.Changes.PaymentMoves);

        Assert.Null(_sale.Decide(_sale.Settle(order, PaymentResult.Succeeded), out var settled));
        Assert.Equal(("refunded", null), (settled!.OrderStatus, settled.Paid));
        var refund = Assert.Single(_sale.Changes.Refunds);
        Assert.Equal((order.Id, order.PaymentId, 200L), (refund.OrderId, refund.PaymentId, refund.AmountMinor));
        Assert.Equal(("refunded", "succeeded", "order.refunded"), (_sale.Changes.OrderMoves[0].Status, _sale.Changes.PaymentMoves[0].Status, _sale.Changes.Messages[0].Type));
        Assert.Equal(OneSale.Declined, Assert.Single(_sale.Changes.Kept).Answer);
        Assert.Equal((0, 0, before), (type.HeldChange, type.SoldChange, code.Used));
        Assert.Empty(_sale.Changes.RedemptionMoves);
    }

    [Fact]
    public void Money_for_a_cancelled_event_that_is_still_held_frees_the_hold_and_the_code()
    {
        _sale.Window = _sale.Window! with { Status = "cancelled" };
        var type = _sale.Type(counted: (1, 0));
        var code = _sale.Discount("TEN");
        var order = _sale.Order(_sale.Held(type, 1), "payment_pending", [code.Terms.Id], total: 0);
        Assert.Null(_sale.Decide(_sale.Settle(order, PaymentResult.Succeeded), out var settled));
        Assert.Equal(("refunded", -1, -1), (settled!.OrderStatus, type.HeldChange, code.UsedChange));
        Assert.Equal("released", Assert.Single(_sale.Changes.HoldMoves).Status);
        Assert.Empty(_sale.Changes.Refunds);   // there was no money
    }

    [Fact]
    public void Late_money_counts_its_code_again()
    {
        var type = _sale.Type();
        var code = _sale.Discount("TEN", maxUses: 1);
        var order = _sale.Order(_sale.Held(type, 1, "released"), "payment_failed", [code.Terms.Id]);
        Assert.Null(_sale.Decide(_sale.Settle(order, PaymentResult.Succeeded)));
        Assert.Equal(1, code.UsedChange);
        Assert.Equal(new RedemptionMove(order.Id, "counted"), Assert.Single(_sale.Changes.RedemptionMoves));
    }

    [Fact]
    public void A_discount_that_a_command_did_not_name_is_a_fault() => Assert.Throws<InvalidOperationException>(() =>
        _sale.View.TryCountUses([Guid.CreateVersion7()], _sale.Buyer));
}
