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
/// <remarks>opentelemetry-proto: ExportTraceServiceRequest, field numbers of trace.proto.</remarks>
internal sealed class Collector : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Collector(WebApplication app) => _app = app;

    public string Url => _app.Urls.First();

    public ConcurrentQueue<ArrivedSpan> Spans { get; } = new();

    /// <summary>Everything that arrived, as it was sent.</summary>
    public ConcurrentQueue<byte[]> Bodies { get; } = new();

    public static async Task<Collector> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var collector = new Collector(builder.Build());
        collector._app.Urls.Add("http://127.0.0.1:0");
        collector._app.MapPost("/v1/traces", async (HttpContext context) =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            collector.Bodies.Enqueue(body.ToArray());
            foreach (var span in Read(new Protobuf(body.ToArray()))) collector.Spans.Enqueue(span);
            return Results.Bytes(Array.Empty<byte>(), "application/x-protobuf");
        });
        await collector._app.StartAsync(TestContext.Current.CancellationToken);
        return collector;
    }

    public IReadOnlyList<ArrivedSpan> Of(string traceId) => [.. Spans.Where(span => span.TraceId == traceId)];

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static IEnumerable<ArrivedSpan> Read(Protobuf request) =>
        from resource in request.All(1)
        from scope in resource.All(2)
        from span in scope.All(2)
        select new ArrivedSpan(scope.First(1).First(1).Text, span.First(5).Text, span.First(1).Hex, span.First(2).Hex, span.First(4).Hex,
            span.All(9).GroupBy(tag => tag.First(1).Text).ToDictionary(tag => tag.Key, tag => tag.First().First(2).First(1).Text),
            [.. span.All(13).Select(link => link.First(2).Hex)]);
}
