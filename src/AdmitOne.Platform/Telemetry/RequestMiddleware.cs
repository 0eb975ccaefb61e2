using System.Diagnostics;
using AdmitOne.Platform.Hosting;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Platform.Telemetry;

/// <summary>Gives every answer its request id, and writes one line for each request worth one: not for quick, successful reads.</summary>
internal sealed partial class RequestMiddleware(RequestDelegate next, ILogger<RequestMiddleware> logger, RequestMetrics metrics, TimeProvider clock, ServiceDefinition definition)
{
    private const double SlowMs = 500;

    public async Task InvokeAsync(HttpContext context)
    {
        var started = clock.GetTimestamp();
        context.Response.Headers["X-Request-Id"] = Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier;
        SecurityHeaders.Write(context);
        try
        {
            await next(context);
        }
        finally
        {
            var elapsedMs = clock.GetElapsedTime(started).TotalMilliseconds;
            var status = context.Response.StatusCode;
            if (context.GetEndpoint()?.Metadata.GetMetadata<IDisableHttpMetricsMetadata>() is null) metrics.Answered(status);
            var level = status >= 500 ? LogLevel.Warning
                : (HttpMethods.IsGet(context.Request.Method) && status < 400 && elapsedMs < SlowMs) || IsQuietWrite(context, status) ? LogLevel.Debug
                : LogLevel.Information;
            if (logger.IsEnabled(level))
            {
                Answered(level, context.Request.Method, (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "-", status,
                    context.Items[ProblemWriter.CodeItem] as string, elapsedMs);
            }
            if (Activity.Current is { Recorded: true } span) Describe(span, context, status);   // one that goes nowhere needs no words
        }
    }

    private void Describe(Activity span, HttpContext context, int status)
    {
        var route = RouteOfRequest.Current;
        if (route is null or "/metrics" || route.StartsWith("/health", StringComparison.Ordinal))
        {
            // Nobody's work: probes and scrapes come all day long, and what no route matches is a stranger's guess.
            span.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
            return;
        }
        span.DisplayName = $"{context.Request.Method} {route}";
        span.SetTag("http.request.method", context.Request.Method).SetTag("http.route", route).SetTag("http.response.status_code", status).SetTag("admitone.service", definition.Name);
        if (context.Items[ProblemWriter.CodeItem] is string code) span.SetTag("admitone.problem", code);
        if (status >= 500) span.SetStatus(ActivityStatusCode.Error);
    }

    // A hold is one of ten thousand in a rush, and a row says more of it than a line would.
    private static bool IsQuietWrite(HttpContext context, int status) =>
        status is < 300 or 409 && context.GetEndpoint()?.Metadata.GetMetadata<CountedNotLogged>() is not null;

    [LoggerMessage(EventId = 1201, Message = "{Method} {Route} {Status} in {ElapsedMs} ms ({Code})")]
    private partial void Answered(LogLevel level, string method, string route, int status, string? code, double elapsedMs);
}

/// <summary>Marks a route whose ordinary answers are counted by metrics and get no log line of their own.</summary>
public sealed class CountedNotLogged;
