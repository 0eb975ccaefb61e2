using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Npgsql;

namespace AdmitOne.Platform.Telemetry;

/// <summary>What is reported of a fault.</summary>
/// <param name="Message">The log message's template, without its values.</param>
/// <param name="Route">The route's pattern, if it happened in a request.</param>
internal sealed record Fault(Exception Exception, string Logger, int EventId, string Message, string? Route, ActivityContext Trace, DateTimeOffset At);

/// <summary>Who reports.</summary>
internal sealed record Reporter(string Service, string Release, string Environment);

/// <summary>
/// One event as Sentry takes it: a header line, an item header line, the event. The texts of exceptions stay here, since anything that
/// somebody typed may stand in them: their types, their places in the code and PostgreSQL's codes find the fault, the trace id the log line.
/// </summary>
/// <remarks>develop.sentry.dev, "Envelopes" and "Event Payloads".</remarks>
internal static class FaultEnvelope
{
    private const int MostFrames = 100;

    public static byte[] Write(Fault fault, Reporter reporter)
    {
        var id = Guid.CreateVersion7().ToString("n");
        var happened = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object?>
        {
            ["event_id"] = id,
            ["timestamp"] = fault.At.ToUnixTimeMilliseconds() / 1000.0,
            ["platform"] = "csharp",
            ["level"] = "error",
            ["logger"] = fault.Logger,
            ["release"] = reporter.Release,
            ["environment"] = reporter.Environment,
            ["transaction"] = fault.Route,
            ["tags"] = new Dictionary<string, string> { ["service"] = reporter.Service, ["event_id"] = $"{fault.EventId}" },
            ["logentry"] = new { message = fault.Message },
            ["contexts"] = fault.Trace.TraceId == default ? null : new { trace = new { trace_id = fault.Trace.TraceId.ToHexString(), span_id = fault.Trace.SpanId.ToHexString() } },
            ["exception"] = new { values = Chain(fault.Exception).Reverse().Select(Describe).ToArray() },
        });
        using var envelope = new MemoryStream(happened.Length + 200);
        envelope.Write(Encoding.UTF8.GetBytes($$"""{"event_id":"{{id}}","sent_at":"{{fault.At.UtcDateTime:O}}"}""" + "\n"));
        envelope.Write(Encoding.UTF8.GetBytes($$"""{"type":"event","length":{{happened.Length}},"content_type":"application/json"}""" + "\n"));
        envelope.Write(happened);
        envelope.WriteByte((byte)'\n');
        return envelope.ToArray();
    }

    private static IEnumerable<Exception> Chain(Exception outermost)
    {
        for (var at = outermost; at is not null; at = at.InnerException) yield return at;
    }

    private static object Describe(Exception fault) => new
    {
        type = fault.GetType().Name,
        module = fault.GetType().Namespace,
        value = fault is PostgresException refused ? $"{refused.SqlState} {refused.TableName} {refused.ConstraintName}".TrimEnd() : null,
        stacktrace = new { frames = Frames(fault) },
    };

    // Sentry wants the oldest call first.
    private static object[] Frames(Exception fault) => [.. new StackTrace(fault, fNeedFileInfo: true).GetFrames().Take(MostFrames).Reverse().Select(frame =>
    {
        var method = DiagnosticMethodInfo.Create(frame);
        var type = method?.DeclaringTypeName;
        return (object)new
        {
            function = method?.Name ?? "?",
            module = type,
            filename = Path.GetFileName(frame.GetFileName()),
            lineno = frame.GetFileLineNumber() is > 0 and var line ? line : (int?)null,
            in_app = type?.StartsWith("AdmitOne.", StringComparison.Ordinal) == true,
        };
    })];
}
