using System.Text.Json.Nodes;
using AdmitOne.Events.Events;

namespace AdmitOne.UnitTests.Events;

/// <summary>The start moves: what an edit leaves open goes along, over a change of the clocks too.</summary>
public sealed class FollowingEditsTests
{
    private static readonly DateTimeOffset s_now = EventExamples.At("2026-06-01T00:00:00Z");

    // 20:30 in winter, and 20:30 in summer.
    private static readonly DateTimeOffset s_summer = EventExamples.At("2026-07-22T18:30:00Z");

    [Fact]
    public void Times_that_were_chosen_keep_their_distance_by_the_clocks_of_the_place()
    {
        var before = EventExamples.OnSale with
        {
            CheckInFrom = EventExamples.At("2026-11-22T10:00:00Z"),
            CheckInUntil = EventExamples.At("2026-11-22T23:30:00Z"),
            SalesEndAt = EventExamples.At("2026-11-20T11:00:00Z"),
        };
        var followed = Follow(before, new JsonObject { ["startsAt"] = "2026-07-22T18:30:00Z" }, Merged(before) with { StartsAt = s_summer });
        Assert.Equal(EventExamples.At("2026-07-22T17:30:00Z"), followed.DoorsAt);
        Assert.Equal(EventExamples.At("2026-07-22T09:00:00Z"), followed.CheckInFrom);
        Assert.Equal(EventExamples.At("2026-07-22T22:30:00Z"), followed.CheckInUntil);
        Assert.Equal(before.SalesEndAt, followed.SalesEndAt);
        Assert.Equal(before.SalesStartAt, followed.SalesStartAt);
        Assert.Equal(before.EndsAt, followed.EndsAt);
    }

    [Fact]
    public void Times_that_nobody_chose_follow_the_start_and_the_end()
    {
        var starts = EventExamples.OnSale.StartsAt;
        var before = EventExamples.OnSale with { DoorsAt = starts, CheckInFrom = starts.AddHours(-4) };
        var ends = s_summer.AddHours(5);
        var followed = Follow(before, new JsonObject { ["startsAt"] = "", ["endsAt"] = "" }, Merged(before) with { StartsAt = s_summer, EndsAt = ends });
        Assert.Equal(s_summer, followed.DoorsAt);
        Assert.Equal(s_summer, followed.SalesEndAt);
        Assert.Equal(s_summer.AddHours(-4), followed.CheckInFrom);
        Assert.Equal(ends, followed.CheckInUntil);
    }

    [Fact]
    public void Check_in_that_nobody_chose_follows_the_doors_that_somebody_did()
    {
        var followed = Follow(EventExamples.OnSale, new JsonObject { ["startsAt"] = "" }, Merged(EventExamples.OnSale) with { StartsAt = s_summer });
        Assert.Equal(s_summer.AddHours(-1), followed.DoorsAt);
        Assert.Equal(s_summer.AddHours(-5), followed.CheckInFrom);
    }

    [Fact]
    public void What_the_edit_names_is_taken_as_it_says_and_what_it_takes_away_is_by_default_again()
    {
        var before = EventExamples.OnSale;
        var (doors, sales, from, until) = (s_summer.AddMinutes(-20), s_summer.AddDays(-1), s_summer.AddHours(-3), s_summer.AddHours(9));
        var names = new JsonObject { ["startsAt"] = "", ["doorsAt"] = "", ["salesEndAt"] = "", ["checkInFrom"] = "", ["checkInUntil"] = "" };
        var said = Follow(before, names, Merged(before) with { StartsAt = s_summer, DoorsAt = doors, SalesEndAt = sales, CheckInFrom = from, CheckInUntil = until });
        Assert.Equal((doors, sales, from, until), (said.DoorsAt!.Value, said.SalesEndAt!.Value, said.CheckInFrom!.Value, said.CheckInUntil!.Value));

        var taken = Follow(before, names, Merged(before) with { StartsAt = s_summer, DoorsAt = null, SalesStartAt = null, SalesEndAt = null, CheckInFrom = null, CheckInUntil = null });
        Assert.Equal((s_summer, s_summer, s_summer.AddHours(-4), before.EndsAt), (taken.DoorsAt!.Value, taken.SalesEndAt!.Value, taken.CheckInFrom!.Value, taken.CheckInUntil!.Value));
        Assert.Equal(s_now, taken.SalesStartAt);
    }

    [Fact]
    public void A_text_and_tags_that_were_taken_away_are_empty()
    {
        var followed = Follow(EventExamples.OnSale, new JsonObject { ["description"] = null, ["tags"] = null }, Merged(EventExamples.OnSale) with { Description = null, Tags = null });
        Assert.Equal(("", 0), (followed.Description, followed.Tags!.Count));
        var kept = Follow(EventExamples.OnSale, [], Merged(EventExamples.OnSale));
        Assert.Equal((EventExamples.OnSale.Description, EventExamples.OnSale.Tags.Count), (kept.Description, kept.Tags!.Count));
    }

    private static NewEvent Follow(EventBody before, JsonObject patch, NewEvent merged) => EditRules.Follow(before, merged, patch, s_now);

    // An edit that names nothing leaves every time as it was.
    private static NewEvent Merged(EventBody before) => EditRulesTests.Posted with
    {
        StartsAt = before.StartsAt,
        EndsAt = before.EndsAt,
        DoorsAt = before.DoorsAt,
        SalesStartAt = before.SalesStartAt,
        SalesEndAt = before.SalesEndAt,
        CheckInFrom = before.CheckInFrom,
        CheckInUntil = before.CheckInUntil,
    };
}
