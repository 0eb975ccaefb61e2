using AdmitOne.Cli.Load;
using AdmitOne.Cli.Rehearsal;

namespace AdmitOne.UnitTests.Rehearsal;

public sealed class FindingsOfARehearsalTests
{
    [Fact]
    public void The_admission_rate_is_the_highest_before_the_first_slow_second()
    {
        var rate = AdmissionRate.Of([new(0, 40, 80, "hold"), new(1, 60, 300, "hold"), new(2, 90, 1700, "pay"), new(3, 30, 1200, "pay")]);
        Assert.Equal((60, true), (rate.PerSecond, rate.IsLimit));
        Assert.Contains("90 arrivals", rate.Says, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_stayed_fast_says_only_that_the_limit_is_higher()
    {
        var rate = AdmissionRate.Of([new(0, 40, 80, "hold"), new(1, 60, 300, "hold")]);
        Assert.Equal((60, false), (rate.PerSecond, rate.IsLimit));
    }

    [Fact]
    public void The_first_bottleneck_is_what_first_reached_its_limit()
    {
        Reading[] readings =
        [
            Of("ticket service", at: 1, cores: 0.5, used: 3), Of("ticket service", at: 2, cores: 1.2, used: 20), Of("ticket service", at: 3, cores: 1.99, used: 20),
        ];
        var first = Bottleneck.First(readings, [], limited: 0);
        Assert.Equal("database pool of the ticket service", first?.What);
        Assert.Equal(2, first?.AtSeconds);
        Assert.Null(Bottleneck.First(readings[..1], [], limited: 0));
        Assert.Equal("rate limits", Bottleneck.First(readings[..1], [], limited: 5)?.What);
    }

    [Fact]
    public void Metrics_are_summed_over_the_series_that_have_the_labels()
    {
        var scrape = Scrape.Read("""
            # TYPE pool gauge
            pool{name="a",state="used"} 3
            pool{name="b",state="used"} 4
            pool{name="b",state="idle"} 9
            alone 1.5e3
            """);
        Assert.Equal((7, 16, 1500), (scrape.Sum("pool", "state=\"used\""), scrape.Sum("pool"), scrape.Sum("alone")));
        Assert.Null(scrape.Sum("other"));
    }

    private static Reading Of(string service, double at, double cores, double used) =>
        new(service, at, cores, CpuCount: 2, MemoryBytes: 1e8, used, PoolMax: 20, PoolWaiting: 0, BatchMean: 4, ThreadQueue: 0, ThreadDelaySeconds: null, DatabaseMs: 2, CacheHits: 0, CacheReads: 0);
}
