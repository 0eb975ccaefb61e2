using AdmitOne.Platform.RateLimiting;
using FsCheck;
using FsCheck.Fluent;

namespace AdmitOne.UnitTests.RateLimiting;

public sealed class SlidingLogTests
{
    private static readonly LimitRule s_rule = new(Max: 5, WindowMs: 1000);

    [Fact]
    public void In_no_stretch_of_a_window_is_more_let_through_and_nobody_is_refused_who_had_calls_left() =>
        Prop.ForAll(Gen.Choose(0, 400).ListOf().Resize(80).ToArbitrary(), pauses =>
        {
            var clock = new HandClock();
            var log = new SlidingLog(clock);
            var let = new List<long>();
            foreach (var pause in pauses)
            {
                clock.Ms += pause;
                var counted = let.Count(at => at > clock.Ms - s_rule.WindowMs);
                var answer = log.Spend("one", s_rule, 1);
                Assert.Equal(counted < s_rule.Max ? 1 : 0, answer.Granted);
                Assert.Equal(s_rule.Max - counted - answer.Granted, answer.Remaining);
                Assert.InRange(answer.ResetMs, 1, s_rule.WindowMs);
                if (answer.Granted == 1) let.Add(clock.Ms);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    [Fact]
    public async Task A_lease_grows_while_it_is_used_up_and_after_a_tenth_of_the_window_the_next_is_as_large_as_what_was_used_of_it()
    {
        var clock = new HandClock();
        var leases = new LeasedTokens(clock);
        var rule = new LimitRule(Max: 100, WindowMs: 60_000, Ahead: 10);
        var asked = new List<int>();
        async Task SpendAsync() => await leases.SpendAsync("one", rule, async wanted =>
        {
            asked.Add(wanted);
            await Task.Yield();
            return new LimitAnswer(wanted, 50, 60_000);
        });
        await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => SpendAsync()));
        Assert.Equal([1, 2, 4, 8, 10, 10, 10], asked);
        clock.Ms += 6000;
        await SpendAsync();
        Assert.Equal(5, asked[^1]);   // of the last ten, five were used
        clock.Ms += 6000;
        await SpendAsync();
        Assert.Equal(1, asked[^1]);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("venue_manager:WRITE=12, admin:QR_SCAN=0.5", true)]
    [InlineData("manager:WRITE=12", false)]
    [InlineData("admin:WRITES=12", false)]
    [InlineData("admin:WRITE=0", false)]
    [InlineData("admin:WRITE=-1", false)]
    [InlineData("admin:WRITE", false)]
    public void Multipliers_are_read_whole_or_not_at_all(string text, bool good) => Assert.Equal(good, RateLimitOptions.TryReadMultipliers(text, out _));
}
