using System.Globalization;
using System.Net;
using AdmitOne.Cli.Doctor;

namespace AdmitOne.Cli.Checklists;

/// <summary>The probes of one service's checklist. One that serves several lines looks once.</summary>
/// <param name="service"><c>events</c> or <c>tickets</c>.</param>
internal sealed class Looks(string service)
{
    private const double MiB = 1024 * 1024;
    private const double LimitMiB = 1024;
    private const double FourFifths = 0.8;

    private readonly string _service = service;
    private readonly string _name = service == "events" ? "event-service" : "ticket-service";
    private readonly string _inReport = service == "events" ? "event service" : "ticket service";

    // What admitone doctor looks at.
    public Probe Database { get; } = new DatabaseProbe();
    public Probe Role { get; } = new RoleProbe();
    public Probe Schema { get; } = new SchemaProbe();
    public Probe ForeignKeys { get; } = new ForeignKeysProbe();
    public Probe AccessPaths { get; } = new AccessPathsProbe();
    public Probe Tenants { get; } = new RowSecurityProbe();
    public Probe Pools { get; } = new PoolProbe();
    public Probe SlowQueries { get; } = new SlowQueriesProbe();
    public Probe Redis { get; } = new RedisProbe();
    public Probe RedisWrites { get; } = new RedisWritesProbe();
    public Probe Tls { get; } = new EncryptedProbe();
    public Probe Variables { get; } = new AllVariablesProbe();
    public Probe Shared { get; } = new SharedSettingsProbe();
    public Probe Orphans { get; } = new OrphansProbe();
    public Probe Archive { get; } = new ArchiveProbe();

    // What ./test, load/run, bench/run and the drills have left.
    public Probe Tests { get; } = new TestsProbe();
    public Probe UnitTests { get; } = new TestsProbe("AdmitOne.UnitTests");
    public Probe IntegrationTests { get; } = new TestsProbe("AdmitOne.IntegrationTests");
    public Probe Coverage { get; } = new FigureProbe("docs/coverage.json", "percent", 85, "% of the lines of src", 90, "./test --coverage, and cp artifacts/coverage/summary.json docs/coverage.json");
    public Probe RestoreDrill { get; } = new FreshProbe("docs/drills/restore.json", "a lost database was brought back", 90, "UPDATE_DOCS=1 ./test --long --filter-class '*RestoreDrillTests'");
    public Probe FailoverDrill { get; } = new FreshProbe("docs/drills/failover.json", "the primary was killed in mid-sale", 90, "UPDATE_DOCS=1 ./test --long --filter-class '*FailoverDrillTests'");
    public Probe MigrationDrill { get; } = new FreshProbe("docs/drills/migration.json", "a million rows migrated up and down while a sale ran", 90, "UPDATE_DOCS=1 ./test --long --filter-class '*MigrationDrillTests'", "\"rows before\",\\s*\"figure\": \"[0-9]+,[0-9]{3},[0-9]{3}\"");
    public Probe Benchmarks { get; } = new FreshProbe("bench/results.json", "the paths were measured beside their yardsticks", 90, "bench/run", "\"ratio\"");

    public static Probe TestsOf(string words) => new FreshTestsOf(words);

    public Probe Load(string demand, int users) => new LoadProbe(_inReport, demand, users);

    public static Probe File(string path, string says, params string[] patterns) => new FileProbe(path, says, patterns);

    public Probe Manifest(string says, params string[] patterns) => new FileProbe($"deploy/k8s/base/{_name}.yaml", says, patterns);

    public Probe Panels => _panels ??= new PanelsProbe($"deploy/grafana/{_name}.json", 17);

    public Probe Alerts => _alerts ??= new AlertsProbe($"deploy/prometheus/{_name}.rules.yml", _service == "events" ? 1 : 23);

    private Probe? _panels;
    private Probe? _alerts;

    // What a Prometheus knows.
    public Probe Critical { get; } = PrometheusProbe.Firing(criticalOnly: true);
    public Probe Firing { get; } = PrometheusProbe.Firing(criticalOnly: false);
    public Probe Scraped { get; } = PrometheusProbe.Targets(service == "events" ? "event-service" : "ticket-service");
    public Probe Loaded { get; } = PrometheusProbe.Rules(service == "events" ? "event-service" : "ticket-service", service == "events" ? 1 : 23);
    public Probe PanelData { get; } = new PanelDataProbe($"deploy/grafana/{(service == "events" ? "event-service" : "ticket-service")}.json");

    // What the running service answers.
    public Probe Healthy { get; } = new AnswersProbe(service, "/health/ready", HttpStatusCode.OK);
    public Probe Metrics { get; } = new AnswersMetrics(service);
    public Probe EveryMetric { get; } = new EveryMetricProbe(service);
    public Probe TokenNeeded { get; } = new AnswersProbe(service, service == "events" ? "/api/v1/audit" : "/api/v1/orders", HttpStatusCode.Unauthorized, "WWW-Authenticate");
    public Probe LimitHeaders { get; } = new AnswersProbe(service, service == "events" ? "/api/v1/events" : "/api/v1/tickets", service == "events" ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, "RateLimit-Policy");
    public Probe Document { get; } = new AnswersProbe(service, "/openapi/v1.json", HttpStatusCode.OK);

    public Probe Answers(string path, HttpStatusCode status, string? header = null) => new AnswersProbe(_service, path, status, header);

    public Probe Metric(string name, Func<Samples, Finding> judge) => new MetricProbe(_service, name, judge);

    /// <summary>At least one answer of this status by a route whose pattern ends so.</summary>
    public Probe Served(string route, string status, string what) => Metric("answers by route", samples =>
    {
        var count = samples.Sum("http_server_request_duration_seconds_count", $"(?=.*http_route=\"{route}\")(?=.*http_response_status_code=\"{status}\")");
        return Finding.If(count > 0, $"{count.ToString(CultureInfo.InvariantCulture)} times since the start: {what}", "Try it once: admitone smoke does.");
    });

    public Probe Counted(string metric, string labels, string what) => Metric(metric, samples =>
        Finding.If(samples.Sum(metric, labels) > 0, $"{samples.Sum(metric, labels).ToString(CultureInfo.InvariantCulture)} {what} since the start", "Try it once: admitone smoke does."));

    public Probe Exported(string metric, string what) => Metric(metric, samples => Finding.If(samples.Has(metric), $"{what}: {metric}", $"{metric} is not scraped: another version runs, or metrics are off."));

    public Probe ErrorRate { get; } = new MetricProbe(service, "error rate", samples =>
    {
        var all = samples.Sum("http_server_request_duration_seconds_count");
        var failed = samples.Sum("http_server_request_duration_seconds_count", "http_response_status_code=\"5..\"");
        return all == 0 ? Finding.Unseen("no request was answered yet")
            : Finding.If(failed / all < 0.01, $"{failed.ToString(CultureInfo.InvariantCulture)} of {all.ToString(CultureInfo.InvariantCulture)} answers were 5xx", "docs/runbooks tells by alert what to do.");
    });

    public Probe Latency { get; } = new MetricProbe(service, "p95", samples => samples.Quantile("http_server_request_duration_seconds", 0.95) is not { } p95
        ? Finding.Unseen("no request was answered yet") : Finding.If(p95 <= 1, $"95 % of answers within {p95.ToString(CultureInfo.InvariantCulture)} s", "docs/runbooks tells by alert what to do."));

    public Probe Memory { get; } = new MetricProbe(service, "memory", samples => samples.Max("dotnet_process_memory_working_set_bytes") is not { } bytes
        ? Finding.NoGo("the process does not say", "Metrics of System.Runtime are missing.")
        : Finding.If(bytes / MiB < LimitMiB * FourFifths, $"{(bytes / MiB).ToString("0", CultureInfo.InvariantCulture)} MiB of {LimitMiB.ToString(CultureInfo.InvariantCulture)}", "Compare with an hour ago; take a dump before it is restarted."));

    public Probe Cpu { get; } = new CpuProbe(service);

    public Probe PoolUse { get; } = new MetricProbe(service, "connections", samples =>
    {
        var (used, most) = (samples.Sum("db_client_connection_count", "state=\"used\""), samples.Max("db_client_connection_max") ?? 0);
        return most == 0 ? Finding.NoGo("the pool does not say", "Metrics of Npgsql are missing.")
            : Finding.If(used / most < 0.9, $"{used.ToString(CultureInfo.InvariantCulture)} of {most.ToString(CultureInfo.InvariantCulture)} connections in use", "Find the slow statement before raising DB_POOL_MAX.");
    });

    public Probe ConnectionErrors { get; } = new MetricProbe(service, "connection errors", samples => !samples.Has("admitone_database_connections_failed_total")
        ? Finding.NoGo("admitone_database_connections_failed_total is not scraped", "Another version runs.")
        : Finding.If(samples.Sum("admitone_database_connections_failed_total") == 0, $"{samples.Sum("admitone_database_connections_failed_total").ToString(CultureInfo.InvariantCulture)} since the start", "Look at the database's log of that time."));

    /// <param name="share">The least share of reads that memory or Redis answered.</param>
    public Probe HitRate(double share) => Metric("hit rate", samples =>
    {
        var all = samples.Sum("admitone_cache_reads_total");
        var hits = samples.Sum("admitone_cache_reads_total", "tier=\"(memory|redis)\"");
        return all == 0 ? Finding.Unseen("nothing cacheable was read yet") : Finding.If(hits / all > share, $"{(hits / all).ToString("P0", CultureInfo.InvariantCulture)} of {all.ToString(CultureInfo.InvariantCulture)} reads", "Is Redis away, or is everything read once?");
    });

    public Probe WorkerRan(string worker, int seconds) => Metric($"worker {worker}", samples =>
    {
        var at = samples.Max("admitone_worker_last_success_timestamp_seconds", $"worker=\"{worker}\"") ?? 0;
        return at == 0 ? Finding.NoGo($"{worker} has not ended a step yet", "Look at the log for `A step of … failed`.")
            : Finding.If(samples.At.ToUnixTimeSeconds() - at < seconds, $"{worker} last ended well {Math.Max(0, samples.At.ToUnixTimeSeconds() - at).ToString("0", CultureInfo.InvariantCulture)} s ago", "Look at the log for `A step of … failed`.");
    });

    // What a variable says.
    public Probe Given(string variable, string? byDefault = null) => SettingProbe.Given(_service, variable, byDefault);

    public Probe Secret(string variable) => SettingProbe.Secret(_service, variable);

    public Probe Number(string variable, int number, int byDefault) => SettingProbe.Number(_service, variable, number, byDefault);

    public Probe OneOf(string variable, string? byDefault, params string[] words) => SettingProbe.OneOf(_service, variable, byDefault, words);

    public Probe Port(string variable, string byDefault) => new SettingProbe(_service, variable, "a port", value => ushort.TryParse(value, CultureInfo.InvariantCulture, out var port) && port > 0, byDefault);

    public Probe Share(string variable, string byDefault) => new SettingProbe(_service, variable, "a share from 0 to 1", value => double.TryParse(value, CultureInfo.InvariantCulture, out var share) && share is >= 0 and <= 1, byDefault);

    public Probe Url(string variable) => SettingProbe.Url(_service, variable);

    public Probe Neighbour(string variable) => new NeighbourProbe(_service, variable);

    public static Probe Both(params Probe[] probes) => new SeveralProbe(probes);
}
