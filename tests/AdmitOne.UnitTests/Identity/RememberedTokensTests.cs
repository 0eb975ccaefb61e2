using AdmitOne.Platform.Identity;

namespace AdmitOne.UnitTests.Identity;

public sealed class RememberedTokensTests
{
    private static readonly DateTimeOffset s_noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    private readonly HandClock _clock = new(s_noon);
    private readonly RememberedTokens _remembered;
    private readonly Caller _caller = new(Guid.CreateVersion7(), Guid.CreateVersion7(), Roles.Customer, "cleo@people.example");

    public RememberedTokensTests() => _remembered = new RememberedTokens(_clock);

    [Fact]
    public void A_good_token_is_remembered_for_a_minute_and_no_longer()
    {
        _remembered.Keep("a.good.token", _caller, s_noon.AddHours(1));
        Assert.Equal(_caller, _remembered.Find("a.good.token"));
        _clock.Now = s_noon.AddSeconds(59.9);
        Assert.Equal(_caller, _remembered.Find("a.good.token"));
        _clock.Now = s_noon.AddSeconds(60);
        Assert.Null(_remembered.Find("a.good.token"));
    }

    [Fact]
    public void It_is_never_remembered_past_its_end()
    {
        _remembered.Keep("a.good.token", _caller, s_noon.AddSeconds(5));
        _clock.Now = s_noon.AddSeconds(5);
        Assert.Null(_remembered.Find("a.good.token"));
        // Accepted on the leeway that clocks are given, it is checked each time.
        _remembered.Keep("a.good.token", _caller, s_noon.AddSeconds(4));
        Assert.Null(_remembered.Find("a.good.token"));
    }

    [Fact]
    public void Another_text_is_another_token()
    {
        _remembered.Keep("a.good.token", _caller, s_noon.AddHours(1));
        Assert.Null(_remembered.Find("a.good.tokeN"));
        Assert.Null(_remembered.Find("a.good"));
    }

    private sealed class HandClock(DateTimeOffset now) : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = now;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
