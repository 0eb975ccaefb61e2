namespace AdmitOne.UnitTests;

/// <summary>A clock that stands still until it is moved.</summary>
internal sealed class HandClock : TimeProvider
{
    public long Ms { get; set; } = 1_000_000;

    public override long TimestampFrequency => 1000;

    public override long GetTimestamp() => Ms;
}
