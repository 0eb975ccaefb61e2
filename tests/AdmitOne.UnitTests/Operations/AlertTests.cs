using System.Text.RegularExpressions;
using AdmitOne.UnitTests.Architecture;

namespace AdmitOne.UnitTests.Operations;

/// <summary>What watches over a running system is checked like the system itself.</summary>
public sealed partial class AlertTests
{
    private static readonly string[] s_ofTickets =
    [
        "Down", "HighRestart", "HighLatency", "CriticalLatency", "SlowDatabaseQueries", "HighErrorRate", "CriticalErrorRate", "HighClientErrorRate", "HighPurchaseFailureRate",
        "NoRecentPurchases", "HighReservationExpiry", "HighRateLimitHits", "RateLimitFlood", "DatabaseConnectionPoolExhausted", "DatabaseConnectionErrors", "RedisConnectionDown",
        "LowRedisCacheHitRate", "HighMemoryUsage", "MemoryLeak", "HighCPUUsage", "HighThreadPoolDelay", "ExternalServiceFailure", "HighReservationBacklog",
    ];

    private static readonly string[] s_invariants =
        ["InventoryDrift", "OutboxStuck", "WorkerStalled", "LaneStuck", "RetentionSweepFailing", "MetricsScrapeFailing", "BackupTooOld", "PurchaseBurnRateFast", "PurchaseBurnRateSlow", "ScanBurnRateFast", "ScanBurnRateSlow", "HeldAndNeverPaid",
            "DatabaseOutOfSpace", "LogNotWritten", "ClockSkewed", "MemoryNearLimit", "ConnectionsNearLimit"];

    [Fact]
    public void The_alerts_have_the_names_that_people_were_told()
    {
        Assert.Equal(s_ofTickets.Select(name => "TicketService" + name), Of("ticket-service.rules.yml"));
        Assert.Equal(s_invariants, Of("invariants.rules.yml"));
        Findings.None(Of("event-service.rules.yml").Where(name => !name.StartsWith("EventService", StringComparison.Ordinal)));
        Findings.None(AlertRule.All.GroupBy(rule => rule.Name).Where(same => same.Count() > 1).Select(same => same.Key));
    }

    [Fact]
    public void Every_alert_says_how_bad_it_is_what_it_is_and_where_to_read_on() =>
        Findings.None(AlertRule.All.Where(rule => rule.Severity is not ("critical" or "warning" or "info") || rule.Summary.Length == 0 || rule.Description.Length == 0
            || rule.RunbookUrl != $"docs/runbooks/{rule.Name}.md").Select(rule => rule.Name));

    [Fact]
    public void Every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_stays_silent()
    {
        var cases = Directory.EnumerateFiles(Path.Combine(AlertRule.Folder, "tests"), "*.yml").SelectMany(file => Case().Matches(File.ReadAllText(file)))
            .Select(one => (Name: one.Groups["name"].Value, IsSilent: one.Groups["silent"].Success)).ToHashSet();
        Findings.None(AlertRule.All.Where(rule => !cases.Contains((rule.Name, true)) || !cases.Contains((rule.Name, false))).Select(rule => rule.Name));
    }

    [Fact]
    public Task Prometheus_accepts_the_rules() => Tool.RunAsync("promtool", "prometheus", ["check", "rules", .. Files("*.rules.yml")]);

    [Fact]
    public Task The_alerts_fire_when_they_should_and_only_then() => Tool.RunAsync("promtool", "prometheus", ["test", "rules", .. Files("tests/*.yml")]);

    private static IEnumerable<string> Of(string file) => AlertRule.All.Where(rule => rule.File == file).Select(rule => rule.Name);

    private static IEnumerable<string> Files(string pattern) => Directory.EnumerateFiles(AlertRule.Folder, pattern).Order(StringComparer.Ordinal);

    [GeneratedRegex(@"alertname: (?<name>\w+)\n\s+exp_alerts:(?<silent> \[\])?")]
    private static partial Regex Case();
}
