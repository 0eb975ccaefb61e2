using System.Diagnostics.Metrics;
using System.Reflection;
using AdmitOne.Platform.Caching;
using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Outbound;
using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.RateLimiting;
using AdmitOne.Platform.Redis;
using AdmitOne.Platform.Retention;
using AdmitOne.Platform.Workers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;

namespace AdmitOne.Platform.Telemetry;

internal static class TelemetrySetup
{
    // Every threshold that an alert or an objective names is a bucket's edge.
    private static readonly double[] s_seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.5, 1, 2, 3, 5, 10];

    private const string MetricsPath = "/metrics";

    // Told twice of each request, and shown nowhere.
    private const string ActiveRequests = "http.server.active_requests";
    private static readonly string s_release = typeof(TelemetrySetup).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";
    private static readonly double[] s_counts = [1, 2, 4, 8, 16, 32, 64, 128, 256];

    // Those that nothing else needs before the first call or the first beat of a worker; a host that has no outbox or cache has no metrics of them.
    private static readonly Type[] s_platform =
    [
        typeof(RequestMetrics), typeof(ProcessMetrics), typeof(WorkerMetrics), typeof(NeighbourMetrics), typeof(RateLimitMetrics), typeof(RedisMetrics),
        typeof(DatabaseMetrics), typeof(SlowCommandMetrics), typeof(OutboxMetrics), typeof(CacheMetrics), typeof(SentryMetrics), typeof(RetentionMetrics), typeof(LogMetrics),
    ];

    public static void AddTelemetry(this WebApplicationBuilder builder, string service)
    {
        builder.Services.AddSingleton<LogLines>();
        // The log reads its settings as they are: it must work while the checks of all settings report what is wrong.
        builder.Services.AddSingleton<ILoggerProvider>(provider => new LogLinesProvider(
            provider.GetRequiredService<LogLines>(), provider.GetRequiredService<IConfiguration>(), provider.GetRequiredService<TimeProvider>(), service));
        builder.Services.AddOptions<LoggerFilterOptions>().Configure<IConfiguration>((filter, configuration) =>
        {
            filter.MinLevel = configuration["LOG_LEVEL"] switch
            {
                "debug" => LogLevel.Debug,
                "warn" => LogLevel.Warning,
                "error" => LogLevel.Error,
                _ => LogLevel.Information,
            };
            // The framework's own chatter: our request line says it once.
            filter.Rules.Add(new LoggerFilterRule(null, "Microsoft", filter.MinLevel < LogLevel.Warning ? LogLevel.Warning : filter.MinLevel, null));
            filter.Rules.Add(new LoggerFilterRule(null, "System", filter.MinLevel < LogLevel.Warning ? LogLevel.Warning : filter.MinLevel, null));
            filter.Rules.Add(new LoggerFilterRule(null, "Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical, null));   // a failed start is told by RunAsync
            filter.Rules.Add(new LoggerFilterRule(null, "Npgsql", LogLevel.Warning, null));
        });

        builder.Services.AddCheckedOptions<TraceOptions, TraceOptionsAnnotations>();
        builder.Services.AddOptions<SentryOptions>().Configure<IConfiguration>((options, configuration) => options.Dsn = configuration["SENTRY_DSN"]).ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<SentryOptions>, SentryOptionsRules>();
        builder.Services.AddSingleton<SentryMetrics>().AddSingleton<LogMetrics>();
        // Loggers are made before meters are heard; counters made now would lose their first zeros.
        builder.Services.AddSingleton<ILoggerProvider>(provider => new SentryReports(
            provider.GetRequiredService<IConfiguration>()["SENTRY_DSN"] is { Length: > 0 } dsn ? SentryAddress.Read(dsn) : null,
            new Reporter(service, s_release, EnvironmentName(provider)), new Lazy<SentryMetrics>(provider.GetRequiredService<SentryMetrics>), provider.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton(provider => new HostTraces(TraceExport.Start(Target(provider, service), provider.GetRequiredService<IOptions<TraceOptions>>().Value.Share)));
        builder.Services.AddSingleton<ILoggerProvider>(provider => LogExport(provider, service));

        builder.Services.AddSingleton<RequestMetrics>().AddSingleton<ProcessMetrics>().AddSingleton<WorkerMetrics>().AddHostedService<ThreadPoolProbe>();
        builder.Services.AddSingleton(provider => Meters(provider, service));
    }

    /// <summary>From here on spans are heard, if anybody is to hear them.</summary>
    public static void StartTraces(this WebApplication app) => app.Services.GetRequiredService<HostTraces>();

    public static void MapMetrics(this WebApplication app)
    {
        var options = app.Services.GetRequiredService<IOptions<ServiceOptions>>().Value;
        if (!options.EnableMetrics) return;
        var meters = app.Services.GetRequiredService<MeterProvider>();   // instruments made from here on are seen
        foreach (var platform in s_platform) app.Services.GetService(platform);   // and its own are there, at 0, before anybody calls

        // The exporter is a middleware. As the body of a route of ours it has a name, a summary and a place in the API document as all routes have.
        var scrape = ((IApplicationBuilder)app).New().UseOpenTelemetryPrometheusScrapingEndpoint(meters, _ => true, null, null, null).Build();
        var route = app.MapGet(MetricsPath, (HttpContext context) => scrape(context))
            .WithName("Metrics").WithSummary("Metrics as Prometheus text").WithTags("Health").AllowAnonymous().DisableHttpMetrics()
            .Produces<string>(StatusCodes.Status200OK, "text/plain");
        if (options.OwnMetricsPort is { } port) route.RequireHost($"*:{port}");
    }

    // Read from the configuration itself: the log works while the checks of all settings report what is wrong.
    private static OtlpTarget? Target(IServiceProvider provider, string service)
    {
        var given = provider.GetRequiredService<IConfiguration>();
        return given["OTEL_EXPORTER_OTLP_ENDPOINT"] is { Length: > 0 } endpoint
            ? new OtlpTarget(endpoint, given["OTEL_EXPORTER_OTLP_PROTOCOL"] ?? "http/protobuf", service, s_release, EnvironmentName(provider))
            : null;
    }

    private static ILoggerProvider LogExport(IServiceProvider provider, string service)
    {
        if (provider.GetRequiredService<IConfiguration>()["OTEL_LOGS_EXPORTER"] != "otlp" || Target(provider, service) is not { } target) return NullLoggerProvider.Instance;
        var options = new OpenTelemetryLoggerOptions { IncludeFormattedMessage = true };
        options.SetResourceBuilder(target.Resource).AddOtlpExporter(otlp => target.Configure(otlp, "logs"));
        return new OpenTelemetryLoggerProvider(new FixedOptions<OpenTelemetryLoggerOptions>(options));
    }

    // As it was given: telemetry must work while the checks of all settings report what is wrong.
    private static string EnvironmentName(IServiceProvider provider)
    {
        var given = provider.GetRequiredService<IConfiguration>();
        return given["ENVIRONMENT"] ?? given["NODE_ENV"] ?? given["ASPNETCORE_ENVIRONMENT"] ?? "development";
    }

    private static MeterProvider Meters(IServiceProvider provider, string service)
    {
        // Two hosts in one process see each other's meters: each keeps what its own factory made, and what has no factory (runtime, Npgsql).
        var factory = provider.GetRequiredService<IMeterFactory>();
        var builder = Sdk.CreateMeterProviderBuilder();
        if (provider.GetRequiredService<IOptions<TraceOptions>>().Value.Metrics == "otlp" && Target(provider, service) is { } target)
            builder.SetResourceBuilder(target.Resource).AddOtlpExporter(otlp => target.Configure(otlp, "metrics"));
        return builder
            .AddMeter("AdmitOne.*", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime", "System.Net.Http", "Npgsql")
            .AddView(instrument =>
            {
                if (instrument.Meter.Scope is { } scope && !ReferenceEquals(scope, factory)) return MetricStreamConfiguration.Drop;
                if (instrument.Name == ActiveRequests) return MetricStreamConfiguration.Drop;
                if (instrument is not Histogram<double> and not Histogram<int> and not Histogram<long>) return null;
                return new ExplicitBucketHistogramConfiguration { Boundaries = instrument.Unit == "s" ? s_seconds : s_counts };
            })
            .AddPrometheusExporter(exporter =>
            {
                // Dashboards and alerts know the names without them; the scraper says itself which target it asked.
                exporter.ScopeInfoEnabled = false;
                exporter.TargetInfoEnabled = false;
                // Each scrape collects: the tests and the checklist compare two of them.
                exporter.ScrapeResponseCacheDurationMilliseconds = 0;
            })
            .Build();
    }
}

/// <summary>Options that do not change while the process runs.</summary>
internal sealed class FixedOptions<T>(T value) : IOptionsMonitor<T>
{
    public T CurrentValue => value;

    public T Get(string? name) => value;

    public IDisposable? OnChange(Action<T, string?> listener) => null;
}

/// <summary>A host's part in the process's traces; it ends with the host.</summary>
public sealed class HostTraces : IDisposable
{
    private readonly TraceExport? _export;

    internal HostTraces(TraceExport? export) => _export = export;

    /// <summary>Makes a span of each command of this connection, if spans are exported; otherwise nothing is observed.</summary>
    internal IDisposable? Observe(RedisConnection redis) => _export?.Observe(redis);

    public void Dispose() => _export?.Dispose();
}
