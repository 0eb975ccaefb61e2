using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Caching;
using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Health;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Idempotency;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Outbound;
using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Platform.RateLimiting;
using AdmitOne.Platform.Redis;
using AdmitOne.Platform.Retention;
using AdmitOne.Platform.Telemetry;
using AdmitOne.Platform.Webhooks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AdmitOne.Platform.Hosting;

/// <summary>What makes one service different from another, before it has any feature.</summary>
/// <param name="Name">Its name in logs, in signatures and as PostgreSQL's application name, such as <c>ticket-service</c>.</param>
/// <param name="SchemaVersion">The oldest migration that it can work with; 0 for one that stands outside our schema and takes a good token's word for its tenant.</param>
/// <param name="RunsSharedWorkers">Whether it takes part in what all services do for the shared schema: numbering messages, sealing the audit log, removing what is old.</param>
public sealed record ServiceDefinition(string Name, string Title, int DefaultPort, int DefaultPoolMax, int SchemaVersion, bool RunsSharedWorkers = true);

/// <summary>Puts together what a service needs to exist, so that its own Program lists only what it does.</summary>
public static class ServiceHost
{
    // Kestrel reads and drops a body that is too large up to here, so that its sender gets to read our 413.
    private const long DrainedBodyBytes = 8 * 1024 * 1024;

    // Its settings are given once. A watch on the folder would wake it with every line of every log that is written there.
    private static readonly string[] s_noWatch = ["--hostBuilder:reloadConfigOnChange=false"];

    public static WebApplicationBuilder CreateBuilder(ServiceDefinition definition, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(definition);
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = Environments.Production, Args = s_noWatch });
        // A host's settings are what it was given: another service in the same process, or the shell around it, has no say.
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddConfiguration(configuration);
        builder.Logging.ClearProviders();

        builder.Services.AddSingleton(definition);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddCheckedOptions<ServiceOptions, ServiceOptionsAnnotations>();
        builder.Services.AddSingleton<IValidateOptions<ServiceOptions>, ServiceOptionsRules>();
        builder.Services.AddSingleton<IValidateOptions<ServiceOptions>, DistinctSecrets>();
        builder.Services.PostConfigure<ServiceOptions>(options =>
        {
            if (configuration["PORT"] is null) options.Port = definition.DefaultPort;
        });

        builder.AddTelemetry(definition.Name);
        builder.Services.AddPostgres($"admitone-{definition.Name.Replace("-service", "s", StringComparison.Ordinal)}", definition.DefaultPoolMax);
        builder.Services.AddCheckedOptions<RedisOptions, RedisOptionsAnnotations>();
        builder.Services.AddSingleton<IValidateOptions<RedisOptions>, RedisOptionsRules>();
        builder.Services.AddSingleton<RedisMetrics>().AddSingleton<RedisConnection>().AddSingleton<RedisStore>().AddSingleton<NeighbourMetrics>().AddSingleton<CacheMetrics>();
        builder.Services.AddIdentity();
        builder.Services.AddHttp();
        builder.Services.AddRateLimits();
        builder.Services.AddSingleton<OutboxBells>().AddSingleton<ChangeNews>();
        if (definition.SchemaVersion > 0) builder.Services.AddSingleton<RefusedAttempts>().AddHostedService(provider => provider.GetRequiredService<SessionCheck>()).AddHostedService<StoreWatch>();
        if (definition is { SchemaVersion: > 0, RunsSharedWorkers: true })
            builder.Services.AddOutbox().AddRetention().AddHostedService<GrowthWatch>().AddHostedService<AuditSealer>().AddHostedService<KeptAnswerSweeper>();
        builder.Services.AddSingleton(new SchemaNeeded(definition.SchemaVersion)).AddSingleton<Readiness>().AddSingleton<Liveness>();
        builder.Services.AddHealthChecks().AddCheck<ReadinessHealthCheck>("ready", tags: ["ready"]);

        builder.Services.AddSingleton<IProblemDetailsService, ValidationAnswers>();
        builder.Services.AddSingleton<MergePatch>().AddSingleton<RunningRequests>().AddSingleton<AnswerSeal>().AddSingleton<SecretSeal>();
        builder.Services.ConfigureHttpJsonOptions(json => Json.ConfigureRequests(json.SerializerOptions));
        // What cannot be bound is explained in one place (FaultMiddleware): a bare 400 without a word helps nobody.
        builder.Services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        builder.Services.AddApiDocument(definition.Title);
        builder.Services.Configure<HostOptions>(options =>
        {
            options.ShutdownTimeout = Shutdown.Drain;
            options.BackgroundServiceExceptionBehavior = BackgroundServiceExceptionBehavior.Ignore;   // liveness says so, and the others go on until the restart
        });
        builder.WebHost.ConfigureKestrel(Bound);
        builder.Services.AddOptions<KestrelServerOptions>().Configure<IOptions<ServiceOptions>>((kestrel, options) => kestrel.Limits.MaxConcurrentConnections = options.Value.MaxConnections);
        return builder;
    }

    /// <summary>The pipeline, in the order in which a request meets it, and the routes that every service has.</summary>
    public static RouteGroupBuilder UsePlatform(this WebApplication app)
    {
        app.Services.GetRequiredService<IStartupValidator>().Validate();   // all settings at once, before anything depends on one
        app.StartTraces();
        Listen(app);
        // Connecting takes longer than a request may wait for Redis: the first one must not find it away.
        app.Lifetime.ApplicationStarted.Register(() => _ = app.Services.GetRequiredService<RedisStore>().PingAsync());
        var definition = app.Services.GetRequiredService<ServiceDefinition>();
        app.UseGoodbye();
        app.UseForwardedHeaders();
        app.UseMiddleware<RequestMiddleware>();
        app.UseMiddleware<FaultMiddleware>();
        app.UseHeadAsGet();
        app.Use(next => context =>
        {
            RouteOfRequest.Note(context);
            return next(context);
        });
        app.UseConfiguredCors();
        app.UseMiddleware<TimeLimit>();
        app.UseIdentityOfCaller();
        app.UseMiddleware<RateLimitMiddleware>();
        app.UseMiddleware<BodyLimit>();
        app.Use(SignedCallFilter.AcceptSigned);
        app.UsePermissions();
        app.Use(SignedCallFilter.RequireSigned);
        app.Use(WebhookFilter.RequireSigned);
        app.UseMiddleware<QueryParameters>();
        app.UseMiddleware<IdempotencyMiddleware>();

        app.MapHealth();
        app.MapBreakers();
        app.MapMetrics();
        app.MapApiDocument(definition.Title);
        return app.MapGroup("/api/v1");
    }

    /// <summary>Runs a service as its own process, or with the one argument <c>health</c> asks the one that runs here.</summary>
    /// <returns>The exit code: 0 after an orderly stop, 1 if the settings or the database cannot be used, with one line on standard error for each fault.</returns>
    public static async Task<int> RunAsync(ServiceDefinition definition, IConfiguration configuration, string[] arguments, Func<WebApplication> build)
    {
        ArgumentNullException.ThrowIfNull(definition);
        ArgumentNullException.ThrowIfNull(build);
        if (arguments is ["health"]) return await HealthProbe.AskAsync(configuration, definition.DefaultPort);
        CpuScheduling.UseBatch();
        try
        {
            await using var app = build();
            await app.StartAsync();
            await Shutdown.WhenLeftAloneAsync(app);
            await app.StopAsync();
            if (app.Services.GetRequiredService<SessionCheck>().Fault is { } unusable) throw new UnusableServerException(unusable);
            return 0;
        }
        catch (Exception fault) when (StartFaults(fault).ToArray() is { Length: > 0 } lines)
        {
#pragma warning disable RS0030 // There is no log yet: its settings may be what is wrong.
            foreach (var line in lines.Distinct()) await Console.Error.WriteLineAsync(line);
#pragma warning restore RS0030
            return 1;
        }
    }

    /// <summary>One line for each thing that keeps a service from starting; empty if the exception is something else.</summary>
    public static IEnumerable<string> StartFaults(Exception fault) => fault switch
    {
        OptionsValidationException invalid => invalid.Failures.Select(failure => SettingNames.Speak(invalid.OptionsType, failure)),
        UnusableServerException unusable => [unusable.Message],
        AggregateException many => many.InnerExceptions.SelectMany(StartFaults),
        IOException { InnerException: Microsoft.AspNetCore.Connections.AddressInUseException } inUse =>
            [$"{inUse.Message} Set PORT, or METRICS_PORT, to a free one."],
        _ => [],
    };

    private static void Bound(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = DrainedBodyBytes;
        kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
        kestrel.Limits.MaxRequestLineSize = 8 * 1024;
        kestrel.Limits.MaxRequestHeaderCount = 64;
        // Whoever drips a request in byte by byte is shown out: headers in ten seconds, a body at 240 bytes a second after the first five.
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(5));
        kestrel.Limits.MinResponseDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(5));
        kestrel.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(2);
    }

    private static void Listen(WebApplication app)
    {
        var options = app.Services.GetRequiredService<IOptions<ServiceOptions>>().Value;
        app.Urls.Add($"http://{options.Bind}:{options.Port}");
        if (options is { EnableMetrics: true, OwnMetricsPort: { } metrics }) app.Urls.Add($"http://{options.Bind}:{metrics}");
    }
}
