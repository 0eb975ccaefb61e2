using AdmitOne.Cli.Scanning;

namespace AdmitOne.UnitTests.Scanning;

public sealed class ClockOffsetTests
{
    private static readonly DateTimeOffset s_asked = new(2026, 11, 23, 20, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(0.0, 0.4, 0)]        // stamped at once, and long on its way back
    [InlineData(0.4, 0.4, 0)]
    [InlineData(300.2, 0.4, 300)]    // five minutes ahead
    [InlineData(-299.8, 0.4, -300)]
    [InlineData(1.0, 0.4, 0.8)]
    public void A_scanner_takes_the_way_of_a_pack_for_no_difference_of_clocks(double server, double answered, double ahead) =>
        Assert.Equal(ahead, ClockOffset.Of(s_asked, s_asked.AddSeconds(server), s_asked.AddSeconds(answered)).TotalSeconds, precision: 3);
}
