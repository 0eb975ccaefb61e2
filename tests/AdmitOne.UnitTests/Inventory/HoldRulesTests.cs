using AdmitOne.Tickets.Inventory;

namespace AdmitOne.UnitTests.Inventory;

/// <summary>When tickets are set aside and when not, rule by rule; a refusal has changed nothing.</summary>
public sealed class HoldRulesTests
{
    private readonly OneSale _sale = new();

    [Fact]
    public void A_hold_takes_its_tickets_for_its_time_at_todays_price()
    {
        var (first, second) = (_sale.Type(price: 250), _sale.Type(price: 70));
        Assert.Null(_sale.Decide(_sale.Hold((first, 2), (second, 3)), out var made));
        Assert.Equal((_sale.EventId, _sale.Now.AddMinutes(10), "EUR"), (made!.EventId, made.ExpiresAt, made.Currency));
        Assert.Equal([new HeldItem(first.Id, 2, 250), new HeldItem(second.Id, 3, 70)], made.Items);
        Assert.Null(made.Priced);
        Assert.Equal((2, 3, 5, 15), (first.HeldChange, second.HeldChange, _sale.Section.Held, _sale.Section.Free));
        Assert.Equal([HoldIds.Row(made.HoldId, 0), HoldIds.Row(made.HoldId, 1)], _sale.Changes.Held.Select(h => h.Row.Id));
        Assert.All(_sale.Changes.Held, held => Assert.Equal((_sale.EventId, made.HoldId, _sale.Buyer, "held", null), (held.EventId, held.Row.HoldId, held.Row.UserId, held.Row.Status, held.Row.OrderId)));
        Assert.Equal(2, _sale.View.Holds[made.HoldId].Count);
        Assert.Equal((2, 3), (_sale.View.Owned[(_sale.Buyer, first.Id)], _sale.View.Owned[(_sale.Buyer, second.Id)]));
    }

    [Theory]
    [InlineData("on_sale", -1, 1, null)]
    [InlineData("sold_out", -1, 1, null)]      // stock decides, not the word
    [InlineData("in_progress", -1, 1, null)]
    [InlineData("on_sale", 0, 1, null)]        // from its first instant
    [InlineData("on_sale", -1, 0, "sales_not_open")]   // to its last, which is not one of it
    [InlineData("on_sale", 1, 2, "sales_not_open")]
    [InlineData("sales_paused", -1, 1, "sales_not_open")]
    [InlineData("published", -1, 1, "sales_not_open")]
    [InlineData("cancelled", -1, 1, "sales_not_open")]
    public void An_event_sells_while_it_is_on_sale_and_in_its_window(string status, int fromHours, int untilHours, string? refusal)
    {
        _sale.Window = new SaleWindow(status, _sale.Now.AddHours(fromHours), _sale.Now.AddHours(untilHours));
        Assert.Equal(refusal, _sale.Decide(_sale.Hold((_sale.Type(), 1))));
        if (refusal is not null) _sale.AssertNothingHappened();
    }

    [Theory]
    [InlineData(null, null, null)]
    [InlineData(0, null, null)]
    [InlineData(1, null, "sales_not_open")]
    [InlineData(null, 1, null)]
    [InlineData(null, 0, "sales_not_open")]
    [InlineData(-2, -1, "sales_not_open")]
    public void A_type_sells_in_its_own_window_too(int? fromHours, int? untilHours, string? refusal)
    {
        var type = _sale.Type(from: fromHours is { } from ? _sale.Now.AddHours(from) : null, until: untilHours is { } until ? _sale.Now.AddHours(until) : null);
        Assert.Equal(refusal, _sale.Decide(_sale.Hold((type, 1))));
    }

    [Fact]
    public void What_is_not_there_is_not_sold()
    {
        var gone = _sale.Type(isDeleted: true);
        Assert.Equal("not_found", _sale.Decide(_sale.Hold((gone, 1))));
        Assert.Equal("not_found", _sale.Decide(_sale.Hold((new OneSale().Type(), 1))));
        _sale.AssertNothingHappened();
        var nowhere = new OneSale { Window = null };
        Assert.Equal("not_found", nowhere.Decide(nowhere.Hold((nowhere.Type(), 1))));
        nowhere.AssertNothingHappened();
    }

    [Fact]
    public void Two_currencies_are_two_orders()
    {
        Assert.Equal("validation_failed", _sale.Decide(_sale.Hold((_sale.Type(), 1), (_sale.Type(currency: "JPY"), 1))));
        _sale.AssertNothingHappened();
    }

    [Theory]
    [InlineData(1, "limit_per_order")]
    [InlineData(2, null)]
    [InlineData(4, null)]
    [InlineData(5, "limit_per_order")]
    public void An_order_has_no_fewer_and_no_more_than_its_type_says(int quantity, string? refusal) =>
        Assert.Equal(refusal, _sale.Decide(_sale.Hold((_sale.Type(perOrder: (2, 4)), quantity))));

    [Fact]
    public void A_customers_limit_counts_what_they_hold_and_own_and_nobody_elses()
    {
        var type = _sale.Type(perCustomer: 3);
        _sale.View.Owned[(_sale.Buyer, type.Id)] = 1;
        _sale.View.Owned[(Guid.CreateVersion7(), type.Id)] = 3;
        Assert.Equal("limit_per_customer", _sale.Decide(_sale.Hold((type, 3))));
        Assert.Equal(0, type.HeldChange);
        Assert.Null(_sale.Decide(_sale.Hold((type, 2))));
        Assert.Equal("limit_per_customer", _sale.Decide(_sale.Hold((type, 1))));
        Assert.Null(_sale.Decide(_sale.HoldFor(Guid.CreateVersion7(), (type, 3))));
    }

    [Fact]
    public void All_or_nothing_and_the_refusal_says_what_is_left_of_each()
    {
        var small = new SectionState(Guid.CreateVersion7(), 3, 0, 0);
        var (many, few, shared) = (_sale.Type(quantity: 8), _sale.Type(quantity: 2), _sale.Type(quantity: 9, section: small));
        var command = _sale.Hold((many, 5), (few, 3));
        Assert.Equal("insufficient_inventory", _sale.Decide(command));
        var available = (Dictionary<string, int>)OneSale.RefusalOf(command).Extensions["available"];
        Assert.Equal((8, 2), (available[many.Id.ToString()], available[few.Id.ToString()]));
        Assert.Equal("insufficient_inventory", _sale.Decide(_sale.Hold((shared, 4))));   // its section has three places
        _sale.AssertNothingHappened();
        Assert.Equal((0, 0), (_sale.Section.Held, small.Held));
        Assert.Null(_sale.Decide(_sale.Hold((many, 8), (few, 2), (shared, 3))));
        Assert.Equal("insufficient_inventory", _sale.Decide(_sale.Hold((few, 1))));
    }

    [Fact]
    public void A_section_that_was_made_too_small_has_nothing_left_and_not_less()
    {
        var over = new SectionState(Guid.CreateVersion7(), 2, 1, 4);
        var type = _sale.Type(section: over, counted: (1, 4));
        var command = _sale.Hold((type, 1));
        Assert.Equal("insufficient_inventory", _sale.Decide(command));
        Assert.Equal(0, ((Dictionary<string, int>)OneSale.RefusalOf(command).Extensions["available"])[type.Id.ToString()]);
    }

    [Fact]
    public void What_is_unsold_counts_what_is_held_before_and_after()
    {
        var section = new SectionState(Guid.CreateVersion7(), 9, 2, 3);
        var (type, wide) = (_sale.Type(quantity: 5, section: section, counted: (2, 3)), _sale.Type(quantity: 50, section: section));
        Assert.Equal((2, 2, 6, 6), (type.Unsold, type.UnsoldBefore, wide.Unsold, wide.UnsoldBefore));
        type.Move(heldBy: -1, soldBy: 1);
        Assert.Equal((1, 2, 5, 6), (type.Unsold, type.UnsoldBefore, wide.Unsold, wide.UnsoldBefore));
        Assert.Equal((1, 4, 0, 4), (type.Held, type.Sold, type.Free, section.Free));
    }

    [Theory]
    [InlineData("used up")]
    [InlineData("used by the customer")]
    [InlineData("deleted")]
    [InlineData("over")]
    [InlineData("not yet")]
    [InlineData("another event's")]
    [InlineData("unknown")]
    public void A_code_that_does_not_apply_takes_nothing(string why)
    {
        var type = _sale.Type(perCustomer: 5);
        var discount = why switch
        {
            "used up" => _sale.Discount("CODE", maxUses: 0),
            "used by the customer" => _sale.Discount("CODE", perCustomer: 2),
            "deleted" => _sale.Discount("CODE", isDeleted: true),
            "over" => _sale.Discount("CODE", until: _sale.Now),
            "not yet" => _sale.Discount("CODE", from: _sale.Now.AddTicks(1)),
            "another event's" => _sale.Discount("CODE", eventId: Guid.CreateVersion7()),
            _ => _sale.Discount("OTHER"),
        };
        discount.ByCustomer[_sale.Buyer] = 2;
        Assert.Equal(why.StartsWith("used", StringComparison.Ordinal) ? "discount_exhausted" : "discount_invalid", _sale.Decide(_sale.HoldWith("CODE", type)));
        _sale.AssertNothingHappened();
    }

    [Fact]
    public void A_code_in_any_case_takes_its_share_off_and_its_use_is_counted_by_the_purchase()
    {
        var type = _sale.Type(price: 500);
        var code = _sale.Discount("Half", percentBp: 5000, maxUses: 1, perCustomer: 1, eventId: _sale.EventId, from: _sale.Now, until: _sale.Now.AddTicks(1));
        Assert.Null(_sale.Decide(_sale.HoldWith("HALF", type), out var made));
        Assert.Equal((500, 1, 0), (made!.Priced!.TotalMinor, made.Priced.Discounts.Count, code.UsedChange));
        Assert.NotNull(_sale.Changes.Held[0].Row.Priced);
    }

    [Fact]
    public void A_key_that_comes_again_does_nothing_again()
    {
        var type = _sale.Type();
        HoldStock Keyed(byte fingerprint) => new(_sale.Tenant, _sale.EventId, _sale.Buyer, [new HoldItem(type.Id, 1)], TimeSpan.FromMinutes(1))
        {
            Keyed = (_sale.Key(fingerprint), made => new StoredAnswer(201, "held")),
        };
        Assert.Null(_sale.Decide(Keyed(1)));
        Assert.Equal(new StoredAnswer(201, "held"), Assert.Single(_sale.Changes.Remembered).Answer);
        Assert.Null(_sale.Changes.Remembered[0].OrderId);
        _sale.View.Requests[(_sale.Buyer, "POST /purchases", "key")] = new KnownRequest([1], new StoredAnswer(201, "held"));
        var again = Keyed(1);
        Assert.Null(_sale.Decide(again, out var nothing));
        Assert.Null(nothing);
        Assert.Equal("held", again.Repeated!.Body);
        Assert.Equal("idempotency_key_reused", _sale.Decide(Keyed(2)));
        _sale.View.Requests[(_sale.Buyer, "POST /purchases", "key")] = new KnownRequest([1], null);
        var running = Keyed(1);
        Assert.Equal("request_in_progress", _sale.Decide(running));
        Assert.Equal(1, OneSale.RefusalOf(running).RetryAfterSeconds);
        Assert.Equal(1, type.HeldChange);
        Assert.Empty(_sale.Changes.Forgotten);
    }

    [Fact]
    public void A_key_whose_request_was_refused_is_free_again()
    {
        var refused = new HoldStock(_sale.Tenant, _sale.EventId, _sale.Buyer, [new HoldItem(_sale.Type(quantity: 0).Id, 1)], TimeSpan.FromMinutes(1)) { Keyed = (_sale.Key(), made => new StoredAnswer(201, "")) };
        Assert.Equal("insufficient_inventory", _sale.Decide(refused));
        Assert.Equal("key", Assert.Single(_sale.Changes.Forgotten).Key);
        Assert.Empty(_sale.Changes.Remembered);
    }

    [Fact]
    public async Task A_command_that_fails_alone_tells_its_fault()
    {
        var command = _sale.Hold((_sale.Type(), 1));
        command.Fail(new TimeoutException("away"));
        await Assert.ThrowsAsync<TimeoutException>(() => command.Done);
    }

    [Fact]
    public void A_hold_is_given_back_once_by_its_owner_while_nobody_pays_for_it()
    {
        var type = _sale.Type(counted: (9, 0));
        var rows = _sale.Held(type, 2);
        ReleaseStock By(Guid user, Guid hold) => new(_sale.Tenant, _sale.EventId, user, hold, [type.Id]);
        Assert.Equal("not_found", _sale.Decide(By(_sale.Buyer, Guid.CreateVersion7())));
        Assert.Equal("not_owner", _sale.Decide(By(Guid.CreateVersion7(), rows[0].HoldId)));
        Assert.Equal("reservation_not_held", _sale.Decide(By(_sale.Buyer, _sale.Held(type, 1, "completed")[0].HoldId)));
        Assert.Equal("reservation_not_held", _sale.Decide(By(_sale.Buyer, _sale.Held(type, 1, orderId: Guid.CreateVersion7())[0].HoldId)));
        Assert.Null(_sale.Decide(By(_sale.Buyer, _sale.Held(type, 1, "expired")[0].HoldId)));
        _sale.AssertNothingHappened();

        _sale.View.Owned[(_sale.Buyer, type.Id)] = 2;
        Assert.Null(_sale.Decide(By(_sale.Buyer, rows[0].HoldId)));
        Assert.Null(_sale.Decide(By(_sale.Buyer, rows[0].HoldId)));
        Assert.Equal((-2, 0), (type.HeldChange, _sale.View.Owned[(_sale.Buyer, type.Id)]));
        Assert.Equal(new HoldMove(rows[0].Id, "released"), Assert.Single(_sale.Changes.HoldMoves));
        Assert.Equal("released", _sale.View.Holds[rows[0].HoldId][0].Status);
    }

    [Fact]
    public void What_is_past_its_time_is_back_before_anything_is_decided()
    {
        var type = _sale.Type(quantity: 3, counted: (3, 0));
        var rows = _sale.Held(type, 3, left: TimeSpan.Zero);
        List<HeldRow> two = [rows[0], rows[0] with { Id = HoldIds.Row(rows[0].HoldId, 1) }];
        var view = new StockView
        {
            Now = _sale.Now, Window = _sale.Window, Types = _sale.View.Types, Holds = new() { [rows[0].HoldId] = two }, Orders = [], Owned = [], Requests = [],
            Expired = [rows[0], rows[0] with { Id = Guid.CreateVersion7(), HoldId = Guid.CreateVersion7(), Quantity = 0 }],
        };
        SweepExpired.First(view, _sale.Changes);
        Assert.Equal((-3, 2), (type.HeldChange, _sale.Changes.Expired));
        Assert.Equal(["expired", "held"], view.Holds[rows[0].HoldId].Select(r => r.Status));
        Assert.Equal(["expired", "expired"], _sale.Changes.HoldMoves.Select(m => m.Status));
        Assert.Null(_sale.Decide(new SweepExpired(_sale.Tenant, _sale.EventId, [type.Id]), out var swept));
        Assert.Equal(2, swept!.Rows);
    }
}
