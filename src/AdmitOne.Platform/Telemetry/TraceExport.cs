using System.Diagnostics;
using AdmitOne.Platform.Redis;
using OpenTelemetry;
using OpenTelemetry.Instrumentation.StackExchangeRedis;
using OpenTelemetry.Trace;

namespace AdmitOne.Platform.Telemetry;

/// <summary>
/// Sends spans to a collector. Sources are heard by name over the whole process, so hosts in one process share one provider: two would send
/// every span twice. The last host that stops it sends what is left.
/// </summary>
internal sealed class TraceExport : IDisposable
{
    private static readonly Lock s_one = new();
    private static readonly Dictionary<(string Endpoint, string Protocol, double Share), Shared> s_shared = [];

    private readonly (string, string, double) _key;
    private bool _disposed;

    private TraceExport((string, string, double) key) => _key = key;

    /// <returns>null if there is nobody to send to.</returns>
    public static TraceExport? Start(OtlpTarget? target, double share)
    {
        if (target is null) return null;
        var key = (target.Endpoint, target.Protocol, share);
        lock (s_one)
        {
            if (!s_shared.TryGetValue(key, out var shared)) s_shared[key] = shared = new Shared(target, share);
            shared.Hosts++;
        }
        return new TraceExport(key);
    }

    /// <summary>Makes a span of each command on this connection, within a trace that began with a request.</summary>
    public IDisposable Observe(RedisConnection redis)
    {
        lock (s_one) return s_shared[_key].Redis!.AddConnection(redis.Client);
    }

    public void Dispose()
    {
        Shared? last = null;
        lock (s_one)
        {
            if (_disposed) return;
            _disposed = true;
            if (--s_shared[_key].Hosts == 0) s_shared.Remove(_key, out last);
        }
        last?.Provider.Dispose();
    }

    private static TracerProviderBuilder Builder(OtlpTarget target, double share) => Sdk.CreateTracerProviderBuilder()
        .SetResourceBuilder(target.Resource)
        .SetSampler(new ParentBasedSampler(new Beginnings(share)))
        .AddSource(Traces.SourceName, "Microsoft.AspNetCore", "System.Net.Http", "Npgsql")
        .AddProcessor(new Scrub())
        .AddOtlpExporter(otlp => target.Configure(otlp, "traces"));

    /// <summary>A trace begins with a request. What workers ask the database ten times a second begins none.</summary>
    private sealed class Beginnings(double share) : Sampler
    {
        private readonly TraceIdRatioBasedSampler _share = new(share);

        public override SamplingResult ShouldSample(in SamplingParameters samplingParameters) =>
            samplingParameters.Kind == ActivityKind.Server ? _share.ShouldSample(samplingParameters) : new SamplingResult(SamplingDecision.Drop);
    }

    /// <summary>A path may name somebody, a query even more so, and a webhook's address may be a secret: the route and the host say enough.</summary>
    private sealed class Scrub : BaseProcessor<Activity>
    {
        private static readonly string[] s_personal = ["url.full", "url.path", "url.query", "user_agent.original", "client.address", "network.peer.address", "http.url", "http.target"];

        public override void OnEnd(Activity data)
        {
            foreach (var name in s_personal)
                if (data.GetTagItem(name) is not null) data.SetTag(name, null);
        }
    }

    private sealed class Shared
    {
        public Shared(OtlpTarget target, double share) => Provider = Builder(target, share)
            .AddRedisInstrumentation(redis => redis.FlushInterval = TimeSpan.FromSeconds(1))
            .ConfigureRedisInstrumentation(instrumentation => Redis = instrumentation)
            .Build();

        public TracerProvider Provider { get; }

        /// <summary>Set while the provider is built.</summary>
        public StackExchangeRedisInstrumentation? Redis { get; private set; }

        public int Hosts { get; set; }
    }
}
