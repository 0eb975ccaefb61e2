using AdmitOne.Platform.Identity;

namespace AdmitOne.UnitTests.Identity;

public sealed class RememberedTokensTests
{
    private static readonly DateTimeOffset s_noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    private readonly HandClock _clock = new() { Now = s_noon };
    private readonly RememberedTokens _remembered;
    private readonly Caller _caller = new(Guid.CreateVersion7(), Guid.CreateVersion7(), Roles.Customer, "cleo@people.example");

    public RememberedTokensTests() => _remembered = new RememberedTokens(_clock);

    [Fact]
    public void A_good_token_is_remembered_for_half_a_minute_and_no_longer()
    {
        var caller = Keep(s_noon.AddHours(1));
        Assert.Equal(caller, _remembered.Find("a.good.token"));
        _clock.Pass(29.9);
        Assert.Equal(caller, _remembered.Find("a.good.token"));
        _clock.Pass(0.1);
        Assert.Null(_remembered.Find("a.good.token"));
    }

    [Fact]
    public void A_clock_that_is_set_back_does_not_make_it_younger()
    {
        Keep(s_noon.AddHours(1));
        _clock.Pass(20);
        _clock.Now = s_noon.AddMinutes(-5);
        Assert.NotNull(_remembered.Find("a.good.token"));
        _clock.Pass(10);
        Assert.Null(_remembered.Find("a.good.token"));
    }

    [Fact]
    public void It_is_never_remembered_past_its_end()
    {
        Keep(s_noon.AddSeconds(5));
        _clock.Pass(5);
        Assert.Null(_remembered.Find("a.good.token"));
        // Accepted on the leeway that clocks are given, it is checked each time.
        Keep(s_noon.AddSeconds(4));
        Assert.Null(_remembered.Find("a.good.token"));
    }

    [Fact]
    public void Another_text_is_another_token()
    {
        Keep(s_noon.AddHours(1));
        Assert.Null(_remembered.Find("a.good.tokeN"));
        Assert.Null(_remembered.Find("a.good"));
    }

    private Caller Keep(DateTimeOffset endsAt)
    {
        var caller = _caller with { TokenEndsAt = endsAt };
        _remembered.Keep("a.good.token", caller);
        return caller;
    }
}
