using AdmitOne.Cli.Load;
using AdmitOne.Cli.Local;
using AdmitOne.Cli.Rehearsal;

namespace AdmitOne.UnitTests.Rehearsal;

public sealed class ArrivalCurveTests
{
    [Theory]
    [InlineData("967 in 17s", 967, 17)]
    [InlineData("967 tickets in 17 seconds", 967, 17)]
    [InlineData("1,000 in 2m", 1000, 120)]
    [InlineData("60 in 3", 60, 3)]
    public void A_curve_is_read_as_people_say_it(string said, int arrivals, int seconds) =>
        Assert.Equal(new ArrivalCurve(arrivals, TimeSpan.FromSeconds(seconds), IsSpike: false), ArrivalCurve.Read(said, null, null, null));

    [Fact]
    public void A_rate_is_as_good_as_a_number() =>
        Assert.Equal(new ArrivalCurve(500, TimeSpan.FromSeconds(10), IsSpike: true), ArrivalCurve.Read("spike", null, TimeSpan.FromSeconds(10), 50));

    [Theory]
    [InlineData("sinus", null, null)]
    [InlineData("967 in a while", null, null)]
    [InlineData("967 in 17s", 5, null)]
    [InlineData("constant", 5, 5.0)]
    [InlineData("constant", 0, null)]
    [InlineData("99999999999 in 1s", null, null)]
    public void What_cannot_be_meant_is_refused(string curve, int? arrivals, double? rate) =>
        Assert.Throws<CannotRunException>(() => ArrivalCurve.Read(curve, arrivals, null, rate));

    [Fact]
    public void All_arrive_in_time_and_the_same_seed_draws_the_same()
    {
        foreach (var isSpike in new[] { false, true })
        {
            var curve = new ArrivalCurve(1000, TimeSpan.FromSeconds(20), isSpike);
            var times = curve.Times(seed: 7);
            Assert.Equal(1000, times.Count);
            Assert.Equal(times.Order(), times);
            Assert.All(times, time => Assert.InRange(time, 0, 20));
            Assert.Equal(times, curve.Times(seed: 7));
            // A fifth of the time brings a fifth of the buyers, or of a spike 1 - 1/e of them.
            Assert.InRange(times.Count(time => time < 4), isSpike ? 580 : 150, isSpike ? 690 : 250);
        }
    }

    [Fact]
    public void Percentiles_are_of_the_values_themselves()
    {
        Assert.Equal(0, Samples.Percentile([], 0.95));
        Assert.Equal(95, Samples.Percentile(Enumerable.Range(1, 100).Select(n => (double)n), 0.95));
        Assert.Equal(100, Samples.Percentile(Enumerable.Range(1, 100).Select(n => (double)n), 1));
    }
}
