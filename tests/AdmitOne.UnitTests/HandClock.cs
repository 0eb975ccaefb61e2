namespace AdmitOne.UnitTests;

/// <summary>A clock that stands still until it is moved. What time it says and how much time has passed are moved apart: a machine's clock may be set.</summary>
internal sealed class HandClock : TimeProvider
{
    public long Ms { get; set; } = 1_000_000;

    public DateTimeOffset Now { get; set; } = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => 1000;

    public override long GetTimestamp() => Ms;

    public override DateTimeOffset GetUtcNow() => Now;

    /// <summary>Time passes.</summary>
    public void Pass(double seconds)
    {
        Ms += (long)(seconds * 1000);
        Now = Now.AddSeconds(seconds);
    }
}
