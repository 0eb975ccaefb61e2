using System.Text.Json.Nodes;
using AdmitOne.Events.Events;
using AdmitOne.Events.Lifecycle;

namespace AdmitOne.UnitTests.Events;

public sealed class EditRulesTests
{
    private static readonly DateTimeOffset s_now = EventExamples.At("2026-10-15T00:00:00Z");

    private static readonly NewEvent s_posted = EventExamples.New with
    {
        SalesEndAt = EventExamples.OnSale.SalesEndAt,
        TransferPolicy = EventExamples.OnSale.TransferPolicy,
        CodePolicy = "static",
        ReEntry = false,
        CheckInFrom = EventExamples.OnSale.CheckInFrom,
        CheckInUntil = EventExamples.OnSale.CheckInUntil,
    };

    [Fact]
    public void Only_what_differs_has_changed()
    {
        Assert.Empty(EditRules.Changed(EventExamples.OnSale, s_posted));
        Assert.Equal(["name", "refundPolicy"], EditRules.Changed(EventExamples.OnSale, s_posted with { Name = "X", RefundPolicy = new() { UntilHoursBefore = 48, FeePercent = 6 } }));
    }

    [Fact]
    public void Words_and_pictures_touch_no_sales_and_all_else_does()
    {
        Assert.False(EditRules.TouchSales(new JsonObject { ["name"] = "x", ["description"] = null, ["tags"] = null, ["imageUrl"] = null, ["categorySlug"] = null }));
        foreach (var property in new[] { "startsAt", "salesEndAt", "venueId", "visibility", "refundPolicy", "timeZone", "codePolicy" })
            Assert.True(EditRules.TouchSales(new JsonObject { ["name"] = "x", [property] = null }));
    }

    [Theory]
    [InlineData(EventStatus.Draft, false, true)]
    [InlineData(EventStatus.Published, false, true)]
    [InlineData(EventStatus.OnSale, false, true)]
    [InlineData(EventStatus.OnSale, true, false)]
    [InlineData(EventStatus.SalesPaused, true, false)]
    [InlineData(EventStatus.Postponed, true, false)]
    [InlineData(EventStatus.InProgress, false, false)]
    [InlineData(EventStatus.Completed, false, false)]
    [InlineData(EventStatus.Cancelled, false, false)]
    public void A_time_zone_changes_until_somebody_relies_on_it(EventStatus status, bool sold, bool allowed)
    {
        var refusal = Refuse(EventExamples.OnSale with { Status = status }, s_posted with { TimeZone = "Asia/Tokyo" }, sold ? 1 : 0);
        Assert.Equal(allowed ? null : "edit_not_allowed", refusal?.Type.Code);
    }

    [Fact]
    public void A_hold_binds_as_a_sale_does()
    {
        var sales = new EventSales { Held = 1, Now = s_now };
        var after = s_posted with { Visibility = "private" };
        Assert.NotNull(EditRules.Refuse(EventExamples.OnSale, after, EditRules.Changed(EventExamples.OnSale, after), sales));
    }

    [Fact]
    public void A_published_event_does_not_move_into_the_past_and_a_draft_may()
    {
        var past = s_posted with { StartsAt = s_now.AddHours(-1) };
        Assert.Equal("validation_failed", Refuse(EventExamples.OnSale, past, 0)?.Type.Code);
        Assert.Null(Refuse(EventExamples.OnSale with { Status = EventStatus.Draft }, past, 0));
    }

    private static AdmitOne.Platform.Problems.Refusal? Refuse(EventBody before, NewEvent after, int sold) =>
        EditRules.Refuse(before, after, EditRules.Changed(before, after), new EventSales { Sold = sold, Now = s_now });
}
