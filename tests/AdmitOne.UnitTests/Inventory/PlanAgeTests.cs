using AdmitOne.Tickets.Lanes;

namespace AdmitOne.UnitTests.Inventory;

/// <summary>A lane's plans are made for tables of about the size that they have.</summary>
public sealed class PlanAgeTests
{
    private readonly HandClock _clock = new();

    [Fact]
    public void Plans_are_made_again_each_time_that_twice_as_many_commands_were_taken()
    {
        var plans = new PlanAge(_clock);
        var overAt = Enumerable.Range(1, 1000).Where(_ => plans.IsOver(1)).ToArray();
        Assert.Equal([1, 32, 64, 128, 256, 512], overAt);
    }

    [Fact]
    public void A_batch_that_more_than_doubles_them_is_planned_for()
    {
        var plans = new PlanAge(_clock);
        Assert.True(plans.IsOver(1));
        Assert.True(plans.IsOver(256));
        Assert.False(plans.IsOver(256));   // 513 of 514
        Assert.True(plans.IsOver(1));
    }

    [Fact]
    public void What_others_write_is_seen_after_half_a_minute()
    {
        var plans = new PlanAge(_clock);
        Assert.True(plans.IsOver(10));
        _clock.Ms += 29_999;
        Assert.False(plans.IsOver(1));
        _clock.Ms += 1;
        Assert.True(plans.IsOver(1));
        _clock.Ms += 29_999;
        Assert.False(plans.IsOver(1));
    }
}
