using AdmitOne.Cli.Backups;

namespace AdmitOne.UnitTests.Schema;

public sealed class RetentionTests
{
    private static readonly DateTimeOffset s_sunday = new(2026, 11, 22, 3, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_year_of_daily_backups_keeps_seven_days_four_weeks_and_six_months()
    {
        var kept = Retention.Usual.Keep(Enumerable.Range(0, 365).Select(days => s_sunday.AddDays(-days))).OrderDescending().ToList();
        // The week of the 22nd ends with it: its day stands for the week and the month as well.
        Assert.Equal(
            ["2026-11-22", "2026-11-21", "2026-11-20", "2026-11-19", "2026-11-18", "2026-11-17", "2026-11-16", "2026-11-15", "2026-11-08", "2026-11-01",
             "2026-10-31", "2026-09-30", "2026-08-31", "2026-07-31", "2026-06-30"],
            kept.Select(time => time.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture)));
    }

    [Fact]
    public void Of_several_on_one_day_the_newest_stays_and_days_without_a_backup_do_not_count()
    {
        DateTimeOffset[] backups = [s_sunday, s_sunday.AddHours(-1), s_sunday.AddDays(-30), s_sunday.AddDays(-30).AddHours(-1)];
        Assert.Equal([s_sunday, s_sunday.AddDays(-30)], new Retention(2, 0, 0).Keep(backups).OrderDescending());
    }

    [Fact]
    public void The_newest_is_kept_whatever_is_asked_for_and_nothing_is_kept_of_nothing()
    {
        Assert.Equal([s_sunday], new Retention(0, 0, 0).Keep([s_sunday.AddDays(-1), s_sunday]));
        Assert.Empty(Retention.Usual.Keep([]));
    }
}
