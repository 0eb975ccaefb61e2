namespace AdmitOne.Tickets.Minting;

/// <summary>How long a job is left alone. Each time for longer, and never for the same time as its neighbours, so that they do not all come back at once.</summary>
internal static class MintPauses
{
    private static readonly TimeSpan s_longest = TimeSpan.FromHours(1);

    /// <param name="attempts">1 or more.</param>
    /// <returns>Between half and the whole of: the retry time, doubled with each attempt, at most an hour.</returns>
    public static TimeSpan AfterAFailure(MintingOptions options, int attempts) => Jitter(Doubled(options.RetrySeconds, attempts));

    /// <returns>The answer time, doubled with each attempt up to sixteen times as long, at most a day, and up to a tenth more.</returns>
    public static TimeSpan ForAnAnswer(MintingOptions options, int attempts) =>
        TimeSpan.FromSeconds(Math.Min(options.AnswerSeconds * Math.Pow(2, Math.Clamp(attempts - 1, 0, 4)), TimeSpan.SecondsPerDay) * (1 + Random.Shared.NextDouble() / 10));

    private static TimeSpan Doubled(int seconds, int attempts) => TimeSpan.FromSeconds(Math.Min(seconds * Math.Pow(2, Math.Clamp(attempts - 1, 0, 30)), s_longest.TotalSeconds));

    private static TimeSpan Jitter(TimeSpan longest) => longest * (0.5 + Random.Shared.NextDouble() / 2);
}
