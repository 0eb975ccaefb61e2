namespace AdmitOne.Cli.Scanning;

/// <summary>How far a server's clock is ahead of ours, as one question shows it.</summary>
internal static class ClockOffset
{
    /// <param name="asked">By our clock, before the question went out.</param>
    /// <param name="server">By the server's clock, somewhere between.</param>
    /// <param name="answered">By our clock, when its answer began: how long the rest of it took to come says nothing.</param>
    /// <returns>Zero where the way alone explains it; else from the middle of the way.</returns>
    public static TimeSpan Of(DateTimeOffset asked, DateTimeOffset server, DateTimeOffset answered) =>
        server >= asked && server <= answered ? TimeSpan.Zero : server - (asked + (answered - asked) / 2);
}
