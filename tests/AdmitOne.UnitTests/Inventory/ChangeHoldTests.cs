using AdmitOne.Tickets.Inventory;

namespace AdmitOne.UnitTests.Inventory;

/// <summary>What a hold may be changed to, how many places may be unpaid, and how long a hold lasts; a refusal leaves everything as it was.</summary>
public sealed class ChangeHoldTests
{
    private readonly OneSale _sale = new();

    [Fact]
    public void A_changed_hold_has_the_new_tickets_and_ends_when_it_would_have_ended()
    {
        var (first, second) = (_sale.Type(price: 250), _sale.Type(price: 70));
        _sale.Decide(_sale.Hold((first, 4)), out var made);
        Assert.Null(_sale.Decide(_sale.Change(made!.HoldId, [(second, 3), (first, 1)]), out var changed));
        Assert.Equal((made.HoldId, made.ExpiresAt), (changed!.HoldId, changed.ExpiresAt));
        Assert.Equal([new HeldItem(second.Id, 3, 70), new HeldItem(first.Id, 1, 250)], changed.Items);
        Assert.Equal((1, 3, 4), (first.HeldChange, second.HeldChange, _sale.Section.Held));
        Assert.Equal(4, _sale.View.Unpaid[_sale.Buyer]);
        var rewrite = _sale.Changes.Rewritten[made.HoldId];
        Assert.Equal([HoldIds.Row(made.HoldId, 0), HoldIds.Row(made.HoldId, 1)], rewrite.After.Select(r => r.Id));

        // Changed again in the same batch: what the database has is still what was there at first.
        Assert.Null(_sale.Decide(_sale.Change(made.HoldId, [(second, 1)])));
        Assert.Equal((rewrite.Before, 1), (_sale.Changes.Rewritten[made.HoldId].Before, _sale.Changes.Rewritten[made.HoldId].After.Count));
        Assert.Equal((0, 1), (first.HeldChange, second.HeldChange));
    }

    [Fact]
    public void A_change_that_cannot_be_had_leaves_the_hold_as_it_was()
    {
        _sale.Rules = new HoldRules(MaxUnpaid: 8, ScarcePercent: 0, TimeSpan.Zero);
        var (small, limited, large) = (_sale.Type(quantity: 3), _sale.Type(perCustomer: 2), _sale.Type(quantity: 30));
        _sale.Discount("OVER", until: _sale.Now);
        _sale.Decide(_sale.Hold((small, 2)), out var made);
        void Refused(string code, ChangeHold change)
        {
            Assert.Equal(code, _sale.Decide(change));
            Assert.Equal((2, 0, 0, 2), (small.HeldChange, limited.HeldChange, large.HeldChange, _sale.Section.Held));
            Assert.Equal((2, 2), (_sale.View.Unpaid[_sale.Buyer], _sale.View.Owned[(_sale.Buyer, small.Id)]));
            Assert.Empty(_sale.Changes.Rewritten);
        }
        Refused("insufficient_inventory", _sale.Change(made!.HoldId, [(small, 4)]));
        Refused("insufficient_inventory", _sale.Change(made.HoldId, [(large, 1), (small, 4)]));
        Refused("limit_per_customer", _sale.Change(made.HoldId, [(small, 1), (limited, 3)]));
        Refused("limit_unpaid", _sale.Change(made.HoldId, [(large, 9)]));
        Refused("limit_per_order", _sale.Change(made.HoldId, [(large, 11)]));
        Refused("discount_invalid", _sale.Change(made.HoldId, [(small, 1)], code: "OVER"));
        Refused("version_mismatch", _sale.Change(made.HoldId, [(small, 1)], isExpected: _ => false));
        Refused("not_owner", _sale.Change(made.HoldId, [(small, 1)], by: Guid.CreateVersion7()));
        Refused("not_found", _sale.Change(HoldIds.New(_sale.Now), [(small, 1)]));
        Assert.Null(_sale.Decide(_sale.Change(made.HoldId, [(small, 3)])));   // its own two count as free for it
    }

    [Theory]
    [InlineData("released", false, "reservation_not_held")]
    [InlineData("completed", false, "reservation_not_held")]
    [InlineData("expired", false, "reservation_expired")]
    [InlineData("held", true, "reservation_not_held")]
    public void Only_an_open_hold_is_changed(string status, bool isBeingPaid, string refusal)
    {
        var type = _sale.Type();
        var rows = _sale.Held(type, 1, status, isBeingPaid ? Guid.CreateVersion7() : null);
        Assert.Equal(refusal, _sale.Decide(_sale.Change(rows[0].HoldId, [(type, 2)])));
        var late = _sale.Held(type, 1, left: TimeSpan.Zero);
        Assert.Equal("reservation_expired", _sale.Decide(_sale.Change(late[0].HoldId, [(type, 2)])));
    }

    [Fact]
    public void A_hold_that_was_changed_in_between_is_not_bought_or_released_as_something_else()
    {
        var (first, second) = (_sale.Type(), _sale.Type());
        var rows = _sale.Held(first, 1);
        var other = new TypeState(Guid.CreateVersion7(), _sale.Section, 5, (0, 0))
        {
            Name = "not locked", PriceMinor = 1, Currency = "EUR", MinPerOrder = 1, MaxPerOrder = 10, MaxPerCustomer = null, SalesStartAt = null, SalesEndAt = null, IsDeleted = false,
        };
        _sale.View.Holds[rows[0].HoldId] = [rows[0] with { TicketTypeId = other.Id }];
        Assert.Equal("reservation_changed", _sale.Decide(_sale.BuyHeld(rows)));
        Assert.Equal("reservation_changed", _sale.Decide(new ReleaseStock(_sale.Tenant, _sale.EventId, _sale.Buyer, rows[0].HoldId, [first.Id])));
        Assert.Equal("reservation_changed", _sale.Decide(_sale.Change(rows[0].HoldId, [(second, 1)])));
        _sale.AssertNothingHappened();
    }

    [Fact]
    public void Unpaid_places_are_bounded_over_all_types_and_free_again_when_they_are_paid_or_released()
    {
        _sale.Rules = new HoldRules(MaxUnpaid: 5, ScarcePercent: 0, TimeSpan.Zero);
        var (first, second, free) = (_sale.Type(), _sale.Type(), _sale.Type(price: 0));
        Assert.Null(_sale.Decide(_sale.Hold((first, 3)), out var hold));
        Assert.Equal("limit_unpaid", _sale.Decide(_sale.Hold((first, 1), (second, 2))));
        Assert.Equal("limit_unpaid", _sale.Decide(_sale.Buy(second, 3)));
        Assert.Null(_sale.Decide(_sale.HoldFor(Guid.CreateVersion7(), (second, 5))));
        Assert.Null(_sale.Decide(_sale.Buy(second, 2)));                                        // it is pending: unpaid
        Assert.Equal("limit_unpaid", _sale.Decide(_sale.Hold((second, 1))));
        Assert.Null(_sale.Decide(_sale.Buy(free, 4, new PaymentWish("free", null))));           // paid at once
        Assert.Equal(5, _sale.View.Unpaid[_sale.Buyer]);
        Assert.Null(_sale.Decide(new ReleaseStock(_sale.Tenant, _sale.EventId, _sale.Buyer, hold!.HoldId, [first.Id])));
        Assert.Equal(2, _sale.View.Unpaid[_sale.Buyer]);
        Assert.Null(_sale.Decide(_sale.Settle(_sale.View.Orders.Values.Single(o => o.TotalMinor > 0), PaymentResult.Succeeded)));
        Assert.Equal(0, _sale.View.Unpaid[_sale.Buyer]);
    }

    [Theory]
    [InlineData(10, 6, "limit_unpaid")]    // a type that says nothing special
    [InlineData(15, 15, null)]             // an organiser who wants large orders
    [InlineData(15, 16, "limit_per_order")]
    public void One_order_may_be_as_large_as_its_organiser_decided(int maxPerOrder, int quantity, string? refusal)
    {
        _sale.Rules = new HoldRules(MaxUnpaid: 5, ScarcePercent: 0, TimeSpan.Zero);
        var type = _sale.Type(quantity: 20, perOrder: (1, maxPerOrder));
        Assert.Equal(refusal, _sale.Decide(_sale.Hold((type, quantity))));
        if (refusal is null) Assert.Equal("limit_unpaid", _sale.Decide(_sale.Hold((type, 1))));   // one, not one after the other
    }

    [Theory]
    [InlineData(8, 10)]   // two of ten are left, which is the share from which on it is little
    [InlineData(9, 3)]
    [InlineData(10, 3)]
    public void A_hold_is_short_when_little_is_left_for_others(int taken, int minutes)
    {
        _sale.Rules = new HoldRules(MaxUnpaid: 20, ScarcePercent: 20, TimeSpan.FromMinutes(3));
        var type = _sale.Type(quantity: 10);
        Assert.Null(_sale.Decide(_sale.Hold((type, taken)), out var made));
        Assert.Equal(_sale.Now.AddMinutes(minutes), made!.ExpiresAt);
    }
}
