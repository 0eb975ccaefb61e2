using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AdmitOne.IntegrationTests.Telemetry;

/// <summary>An envelope as it arrived.</summary>
internal sealed record ArrivedFault(string Path, string ContentType, string Auth, string Text)
{
    public JsonElement Event => JsonDocument.Parse(Text.Split('\n')[2]).RootElement;
}

/// <summary>Takes envelopes as Sentry does, and misbehaves when told.</summary>
internal sealed class SentryServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private SentryServer(WebApplication app) => _app = app;

    public string Dsn => _app.Urls.First().Replace("http://", "http://public7key@", StringComparison.Ordinal) + "/42";

    public ConcurrentQueue<ArrivedFault> Arrived { get; } = new();

    /// <summary>What to answer, and after how long.</summary>
    public (int Status, TimeSpan After, int? RetryAfterSeconds) Manner { get; set; } = (StatusCodes.Status200OK, TimeSpan.Zero, null);

    public static async Task<SentryServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var server = new SentryServer(builder.Build());
        server._app.Urls.Add("http://127.0.0.1:0");
        server._app.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            server.Arrived.Enqueue(new ArrivedFault(context.Request.Path, context.Request.ContentType ?? "", context.Request.Headers["X-Sentry-Auth"].ToString(), await reader.ReadToEndAsync(context.RequestAborted)));
            var (status, after, retryAfter) = server.Manner;
            await Task.Delay(after, context.RequestAborted);
            context.Response.StatusCode = status;
            if (retryAfter is { } seconds) context.Response.Headers.RetryAfter = $"{seconds}";
        });
        await server._app.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
