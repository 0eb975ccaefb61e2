using System.Text.Json.Nodes;
using AdmitOne.Events.Events;
using AdmitOne.Events.Lifecycle;

namespace AdmitOne.UnitTests.Events;

public sealed class EditRulesTests
{
    private static readonly DateTimeOffset s_now = EventExamples.At("2026-10-15T00:00:00Z");

    /// <summary>What is there, as an edit finds it.</summary>
    internal static NewEvent Posted { get; } = EventExamples.New with
    {
        Slug = EventExamples.OnSale.Slug,
        SalesEndAt = EventExamples.OnSale.SalesEndAt,
        TransferPolicy = EventExamples.OnSale.TransferPolicy,
        CodePolicy = "static",
        BuyerPolicy = "anyone",
        ReEntry = false,
        CheckInFrom = EventExamples.OnSale.CheckInFrom,
        CheckInUntil = EventExamples.OnSale.CheckInUntil,
    };

    [Fact]
    public void Only_what_differs_has_changed()
    {
        Assert.Empty(EditRules.Changed(EventExamples.OnSale, Posted));
        Assert.Equal(["name", "refundPolicy"], EditRules.Changed(EventExamples.OnSale, Posted with { Name = "X", RefundPolicy = new() { UntilHoursBefore = 48, FeePercent = 6 } }));
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
        var refusal = Refuse(EventExamples.OnSale with { Status = status }, Posted with { TimeZone = "Asia/Tokyo" }, sold ? 1 : 0);
        Assert.Equal(allowed ? null : "edit_not_allowed", refusal?.Type.Code);
    }

    [Fact]
    public void A_hold_binds_as_a_sale_does()
    {
        var sales = new EventSales { Held = 1, Now = s_now };
        var after = Posted with { Visibility = "private" };
        Assert.NotNull(EditRules.Refuse(EventExamples.OnSale, after, EditRules.Changed(EventExamples.OnSale, after), sales));
    }

    [Fact]
    public void A_published_event_does_not_move_into_the_past_and_a_draft_may()
    {
        var past = Posted with { StartsAt = s_now.AddHours(-1) };
        Assert.Equal("validation_failed", Refuse(EventExamples.OnSale, past, 0)?.Type.Code);
        Assert.Null(Refuse(EventExamples.OnSale with { Status = EventStatus.Draft }, past, 0));
    }

    [Fact]
    public void A_draft_an_approval_and_a_review_may_start_now_and_what_is_published_must_start_later()
    {
        var now = Posted with { StartsAt = s_now };
        foreach (var status in new[] { EventStatus.Draft, EventStatus.Review, EventStatus.Approved })
            Assert.Null(Refuse(EventExamples.OnSale with { Status = status }, now, 0));
        Assert.Equal("/startsAt", Assert.Single(Refuse(EventExamples.OnSale with { Status = EventStatus.Published }, now, 0)!.Errors).Pointer);
        Assert.Null(Refuse(EventExamples.OnSale with { Status = EventStatus.Published }, Posted with { StartsAt = s_now.AddSeconds(1) }, 0));
    }

    [Theory]
    [InlineData(EventStatus.OnSale, true)]
    [InlineData(EventStatus.SalesPaused, true)]
    [InlineData(EventStatus.SoldOut, true)]
    [InlineData(EventStatus.InProgress, true)]
    [InlineData(EventStatus.Draft, false)]
    [InlineData(EventStatus.Published, false)]
    [InlineData(EventStatus.Postponed, false)]
    public void What_was_on_sale_stays_as_it_is_from_its_end_on(EventStatus status, bool stays)
    {
        var over = EventExamples.OnSale with { Status = status, EndsAt = s_now };
        Assert.Equal(stays, Refuse(over, Posted with { Name = "X" }, 0) is not null);
        Assert.Null(Refuse(over with { EndsAt = s_now.AddSeconds(1) }, Posted with { Name = "X" }, 0));
    }

    [Fact]
    public void An_event_that_has_begun_keeps_its_place_and_time_and_nothing_else()
    {
        var begun = EventExamples.OnSale with { Status = EventStatus.InProgress };
        var refusal = Refuse(begun, Posted with { VenueId = Guid.CreateVersion7(), DoorsAt = Posted.DoorsAt!.Value.AddMinutes(5), StartsAt = Posted.StartsAt.AddMinutes(5), TimeZone = "Europe/Paris", Name = "X" }, 0);
        Assert.Equal(["doorsAt", "startsAt", "timeZone", "venueId"], ((IEnumerable<string>)refusal!.Extensions["properties"]).Order());
        Assert.Null(Refuse(begun, Posted with { Name = "X", EndsAt = Posted.EndsAt.AddHours(1) }, 0));
        Assert.Null(Refuse(EventExamples.OnSale, Posted with { VenueId = Guid.CreateVersion7() }, 0));
    }

    [Fact]
    public void What_buyers_rely_on_becomes_better_for_them_and_never_worse()
    {
        var before = EventExamples.OnSale with { AgeRestriction = 16, RefundPolicy = new() { UntilHoursBefore = 48, FeePercent = 5 }, TransferPolicy = new() { Allowed = true, UntilHoursBefore = 24 } };
        var posted = Posted with { RefundPolicy = before.RefundPolicy, TransferPolicy = before.TransferPolicy };
        (NewEvent After, string? Worse)[] edits =
        [
            (posted with { Visibility = "private" }, "visibility"),
            (posted with { Visibility = "unlisted" }, null),
            (posted with { AgeRestriction = 17 }, "ageRestriction"),
            (posted with { AgeRestriction = 15 }, null),
            (posted with { AgeRestriction = null }, null),
            (posted with { ReEntry = true }, null),
            (posted with { CodePolicy = "rotating" }, "codePolicy"),
            (posted with { RefundPolicy = new() { UntilHoursBefore = 49, FeePercent = 0 } }, "refundPolicy"),
            (posted with { RefundPolicy = new() { UntilHoursBefore = 0, FeePercent = 6 } }, "refundPolicy"),
            (posted with { RefundPolicy = new() { UntilHoursBefore = 48, FeePercent = 4 } }, null),
            (posted with { RefundPolicy = new() { UntilHoursBefore = 47, FeePercent = 5 } }, null),
            (posted with { TransferPolicy = new() { Allowed = false, UntilHoursBefore = 0 } }, "transferPolicy"),
            (posted with { TransferPolicy = new() { Allowed = true, UntilHoursBefore = 25 } }, "transferPolicy"),
            (posted with { TransferPolicy = new() { Allowed = true, UntilHoursBefore = 23 } }, null),
        ];
        foreach (var (after, worse) in edits)
        {
            var refusal = Refuse(before, after with { Name = "X" }, 1);
            Assert.Equal(worse, refusal is null ? null : Assert.Single((IEnumerable<string>)refusal.Extensions["properties"]));
            Assert.Null(Refuse(before, after, 0));
        }
        Assert.NotNull(Refuse(before with { AgeRestriction = null }, posted with { AgeRestriction = 1 }, 1));
        Assert.NotNull(Refuse(before with { ReEntry = true }, posted with { ReEntry = false }, 1));
        // What nobody could do before takes nothing from them.
        Assert.Null(Refuse(before with { TransferPolicy = new() { Allowed = false } }, posted with { TransferPolicy = new() { Allowed = false, UntilHoursBefore = 99 } }, 1));
    }

    [Fact]
    public void What_is_always_there_cannot_be_removed()
    {
        var refusal = EditRules.RefuseRemovals(new JsonObject { ["name"] = null, ["description"] = null, ["reEntry"] = null, ["startsAt"] = "2026-11-22T19:30:00Z" });
        Assert.Equal("validation_failed", refusal!.Type.Code);
        Assert.Equal(["/name", "/reEntry"], refusal.Errors.Select(e => e.Pointer));
        foreach (var property in new[] { "venueId", "startsAt", "endsAt", "timeZone", "visibility", "refundPolicy", "transferPolicy", "codePolicy" })
            Assert.NotNull(EditRules.RefuseRemovals(new JsonObject { [property] = null }));
        Assert.Null(EditRules.RefuseRemovals(new JsonObject { ["description"] = null, ["name"] = "X" }));
    }

    private static AdmitOne.Platform.Problems.Refusal? Refuse(EventBody before, NewEvent after, int sold) =>
        EditRules.Refuse(before, after, EditRules.Changed(before, after), new EventSales { Sold = sold, Now = s_now });
}
