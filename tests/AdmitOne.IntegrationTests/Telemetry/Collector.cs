using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AdmitOne.IntegrationTests.Telemetry;

/// <summary>A span as a collector gets it.</summary>
/// <param name="Parent">The parent's span id; empty for the first of a trace.</param>
/// <param name="Links">The span ids that it is linked with.</param>
internal sealed record ArrivedSpan(string Source, string Name, string TraceId, string SpanId, string Parent, IReadOnlyDictionary<string, string> Tags, IReadOnlyList<string> Links)
{
    public string Service => Tags.GetValueOrDefault("admitone.service", "");
}

/// <summary>Takes OTLP over http/protobuf, as a collector does.</summary>
/// <remarks>opentelemetry-proto: the field numbers of trace.proto, metrics.proto and logs.proto.</remarks>
internal sealed class Collector : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Collector(WebApplication app) => _app = app;

    public string Url => _app.Urls.First();

    public ConcurrentQueue<ArrivedSpan> Spans { get; } = new();

    /// <summary>The names of the metrics that arrived.</summary>
    public ConcurrentQueue<string> Metrics { get; } = new();

    /// <summary>The log lines that arrived: the service and the message.</summary>
    public ConcurrentQueue<(string Service, string Message)> Logs { get; } = new();

    /// <summary>Everything that arrived, as it was sent.</summary>
    public ConcurrentQueue<byte[]> Bodies { get; } = new();

    public static async Task<Collector> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var collector = new Collector(builder.Build());
        collector._app.Urls.Add("http://127.0.0.1:0");
        collector.Take("/v1/traces", request =>
        {
            foreach (var span in Read(request)) collector.Spans.Enqueue(span);
        });
        collector.Take("/v1/metrics", request =>
        {
            foreach (var metric in request.All(1).SelectMany(resource => resource.All(2)).SelectMany(scope => scope.All(2))) collector.Metrics.Enqueue(metric.First(1).Text);
        });
        collector.Take("/v1/logs", request =>
        {
            foreach (var resource in request.All(1))
                foreach (var line in resource.All(2).SelectMany(scope => scope.All(2))) collector.Logs.Enqueue((ServiceOf(resource), line.First(5).First(1).Text));
        });
        await collector._app.StartAsync(TestContext.Current.CancellationToken);
        return collector;
    }

    public IReadOnlyList<ArrivedSpan> Of(string traceId) => [.. Spans.Where(span => span.TraceId == traceId)];

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private void Take(string path, Action<Protobuf> read) => _app.MapPost(path, async (HttpContext context) =>
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        Bodies.Enqueue(body.ToArray());
        read(new Protobuf(body.ToArray()));
        return Results.Bytes(Array.Empty<byte>(), "application/x-protobuf");
    });

    private static string ServiceOf(Protobuf resource) =>
        resource.First(1).All(1).First(attribute => attribute.First(1).Text == "service.name").First(2).First(1).Text;

    private static IEnumerable<ArrivedSpan> Read(Protobuf request) =>
        from resource in request.All(1)
        from scope in resource.All(2)
        from span in scope.All(2)
        select new ArrivedSpan(scope.First(1).First(1).Text, span.First(5).Text, span.First(1).Hex, span.First(2).Hex, span.First(4).Hex,
            span.All(9).GroupBy(tag => tag.First(1).Text).ToDictionary(tag => tag.Key, tag => tag.First().First(2).First(1).Text),
            [.. span.All(13).Select(link => link.First(2).Hex)]);
}
