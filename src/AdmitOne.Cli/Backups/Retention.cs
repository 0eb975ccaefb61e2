using System.Globalization;

namespace AdmitOne.Cli.Backups;

/// <summary>How many backups are kept: the newest of each of the last days, ISO weeks and months that have one.</summary>
public sealed record Retention(int Daily, int Weekly, int Monthly)
{
    public static Retention Usual { get; } = new(7, 4, 6);

    /// <summary>The ones to keep. The newest is always kept; one backup may stand for a day, a week and a month.</summary>
    /// <param name="backups">When each was made, in UTC.</param>
    public IReadOnlySet<DateTimeOffset> Keep(IEnumerable<DateTimeOffset> backups)
    {
        ArgumentNullException.ThrowIfNull(backups);
        var newestFirst = backups.OrderDescending().ToList();
        return newestFirst.Take(1)
            .Concat(NewestOfEach(newestFirst, time => time.UtcDateTime.Date, Daily))
            .Concat(NewestOfEach(newestFirst, time => (ISOWeek.GetYear(time.UtcDateTime), ISOWeek.GetWeekOfYear(time.UtcDateTime)), Weekly))
            .Concat(NewestOfEach(newestFirst, time => (time.UtcDateTime.Year, time.UtcDateTime.Month), Monthly))
            .ToHashSet();
    }

    private static IEnumerable<DateTimeOffset> NewestOfEach<TPeriod>(IEnumerable<DateTimeOffset> newestFirst, Func<DateTimeOffset, TPeriod> period, int periods) =>
        newestFirst.GroupBy(period).Take(periods).Select(group => group.First());
}
