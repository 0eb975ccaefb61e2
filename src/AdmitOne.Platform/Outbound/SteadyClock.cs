namespace AdmitOne.Platform.Outbound;

/// <summary>A time that only elapsed time moves. Polly's breakers compare dates: with the machine's clock, one that is set back would keep a breaker open for as long.</summary>
public sealed class SteadyClock(TimeProvider clock) : TimeProvider
{
    private readonly DateTimeOffset _startedAt = clock.GetUtcNow();
    private readonly long _started = clock.GetTimestamp();

    public override long TimestampFrequency => clock.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => _startedAt + clock.GetElapsedTime(_started);

    public override long GetTimestamp() => clock.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => clock.CreateTimer(callback, state, dueTime, period);
}
