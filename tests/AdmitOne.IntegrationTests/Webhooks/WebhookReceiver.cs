using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AdmitOne.IntegrationTests.Webhooks;

/// <summary>One webhook as it arrived.</summary>
internal sealed record Arrived(string Path, string Id, long Timestamp, string Signatures, string Body, string TraceParent = "")
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;
}

/// <summary>An organiser's own system, which answers what it is told to.</summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;

    private WebhookReceiver(WebApplication app) => _app = app;

    public string Url => _app.Urls.First();

    public ConcurrentQueue<Arrived> Arrived { get; } = new();

    /// <summary>What to answer to the path; 204 unless told.</summary>
    public Func<Arrived, int> Answer { get; set; } = _ => StatusCodes.Status204NoContent;

    public static async Task<WebhookReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var receiver = new WebhookReceiver(builder.Build());
        receiver._app.Urls.Add("http://127.0.0.1:0");
        receiver._app.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var headers = context.Request.Headers;
            var arrived = new Arrived(context.Request.Path, headers["webhook-id"].ToString(), long.TryParse(headers["webhook-timestamp"], out var at) ? at : 0,
                headers["webhook-signature"].ToString(), await reader.ReadToEndAsync(context.RequestAborted), headers.TraceParent.ToString());
            context.Response.StatusCode = receiver.Answer(arrived);
            if (context.Response.StatusCode is >= 300 and < 400) context.Response.Headers.Location = receiver.Url + "/elsewhere";
            receiver.Arrived.Enqueue(arrived);
        });
        await receiver._app.StartAsync(TestContext.Current.CancellationToken);
        return receiver;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
