using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AdmitOne.IntegrationTests.Operations;

/// <summary>What stands outside AdmitOne: node_exporter with the text that a backup wrote, and whoever Alertmanager calls, by the receiver's name.</summary>
internal sealed class OutsideTarget : IAsyncDisposable
{
    private readonly WebApplication _app;

    private OutsideTarget(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.First());

    /// <summary>What is scraped from it now.</summary>
    public string Metrics { get; set; } = "";

    /// <summary>Notifications in the order of their arrival.</summary>
    public ConcurrentQueue<(string Receiver, string Status, string Alert)> Called { get; } = new();

    public static async Task<OutsideTarget> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var target = new OutsideTarget(builder.Build());
        target._app.Urls.Add("http://127.0.0.1:0");
        target._app.Run(async context =>
        {
            if (HttpMethods.IsGet(context.Request.Method))
            {
                await context.Response.WriteAsync(target.Metrics, context.RequestAborted);
                return;
            }
            var told = await JsonSerializer.DeserializeAsync<JsonElement>(context.Request.Body, cancellationToken: context.RequestAborted);
            foreach (var alert in told.GetProperty("alerts").EnumerateArray())
                target.Called.Enqueue((context.Request.Path.Value!.Trim('/'), alert.GetProperty("status").GetString()!, alert.GetProperty("labels").GetProperty("alertname").GetString()!));
        });
        await target._app.StartAsync(CancellationToken.None);
        return target;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
