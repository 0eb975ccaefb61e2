using AdmitOne.Platform.Caching;
using AdmitOne.Platform.Outbound;

namespace AdmitOne.UnitTests.Caching;

/// <summary>How old a copy is does not depend on what a machine's clock says, which may be set.</summary>
public sealed class FreshnessTests
{
    private readonly HandClock _clock = new();

    private CachedAnswer Copy => new([1], "\"1\"", Guid.CreateVersion7(), _clock.GetTimestamp(), IsOurs: true);

    [Fact]
    public void A_copy_is_used_for_a_second_however_the_clock_is_set_meanwhile()
    {
        var news = new ChangeNews(null!, _clock);
        foreach (var step in new[] { TimeSpan.FromMinutes(-5), TimeSpan.FromMinutes(5), TimeSpan.Zero })
        {
            var copy = Copy;
            _clock.Now += step;
            Assert.True(news.IsFresh(copy));
            _clock.Pass(1);
            Assert.True(news.IsFresh(copy));
            _clock.Pass(0.001);
            Assert.False(news.IsFresh(copy));
        }
    }

    [Fact]
    public void A_copy_that_is_vouched_for_is_used_while_it_is_and_a_minute_at_most()
    {
        var news = new ChangeNews(null!, _clock);
        news.ListensFromNow();
        _clock.Pass(0.001);
        var copy = Copy;
        for (var second = 0; second < 60; second++)
        {
            _clock.Pass(0.9);
            _clock.Now = _clock.Now.AddMinutes(-1);
            news.HasHeardUntil(news.Now());
            Assert.True(news.IsFresh(copy));
        }
        _clock.Pass(1);
        Assert.False(news.IsFresh(copy));   // nothing was heard for a second
        _clock.Pass(10);
        news.HasHeardUntil(news.Now());
        Assert.False(news.IsFresh(copy));
    }

    [Fact]
    public void A_change_ends_what_was_read_before_it_though_the_clock_was_set_back_in_between()
    {
        var news = new ChangeNews(null!, _clock);
        var (copy, other) = (Copy, Copy);
        _clock.Now = _clock.Now.AddMinutes(-5);
        news.Hear(copy.Of!.Value);
        Assert.False(news.IsFresh(copy));
        Assert.True(news.IsFresh(other));
        _clock.Pass(0.001);
        Assert.True(news.IsFresh(Copy with { Of = copy.Of }));
    }

    [Theory]
    [InlineData(0, 1.0, 0)]          // just made
    [InlineData(0.4, 0.6, 0.4)]
    [InlineData(0.1, 0.3, 0.7)]      // our clock is behind, or was set back: Redis has had it for longer
    [InlineData(-0.5, 0.2, 0.8)]
    [InlineData(0.9, 1.0, 0.9)]      // it waited on the way to Redis
    public void Another_processs_copy_is_as_old_as_the_older_of_two_clocks_says(double byClock, double left, double age) =>
        Assert.Equal(age, ReadThroughCache.AgeOfCopy(TimeSpan.FromSeconds(byClock), TimeSpan.FromSeconds(left))!.Value.TotalSeconds, precision: 3);

    [Theory]
    [InlineData(1.1, 1.0)]           // Redis stood still before it took it
    [InlineData(-300, 0.9)]          // our clock was set back
    [InlineData(300, 0.9)]           // our clock was set forward, or its maker's back
    [InlineData(0.1, 1.5)]           // Redis' clock was set back
    [InlineData(0.1, -0.1)]
    public void A_copy_that_is_too_old_or_whose_clocks_disagree_is_not_used(double byClock, double left) =>
        Assert.Null(ReadThroughCache.AgeOfCopy(TimeSpan.FromSeconds(byClock), TimeSpan.FromSeconds(left)));

    [Fact]
    public void A_breakers_time_is_moved_by_nothing_but_time()
    {
        var steady = new SteadyClock(_clock);
        var before = steady.GetUtcNow();
        _clock.Now = _clock.Now.AddMinutes(-5);
        _clock.Ms += 2_000;
        Assert.Equal(TimeSpan.FromSeconds(2), steady.GetUtcNow() - before);
    }
}
