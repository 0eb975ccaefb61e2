using System.Diagnostics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Platform.Telemetry;

/// <summary>One JSON object a log event: time, level, logger, event id, message, trace id, and the message's own values as members.</summary>
[ProviderAlias("LogLines")]
internal sealed class LogLinesProvider(LogLines lines, IConfiguration configuration, TimeProvider clock, string service) : ILoggerProvider
{
    private readonly bool _pretty = configuration["LOG_FORMAT"] == "pretty";

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose() { }

    private void Write<TState>(string category, LogLevel level, EventId id, TState state, Exception? fault, Func<TState, Exception?, string> format)
    {
        var now = clock.GetUtcNow();
        lines.Add(_pretty
            ? $"{now:HH:mm:ss.fff} {Word(level),-5} {category[(category.LastIndexOf('.') + 1)..]}: {format(state, fault)}{(fault is null ? "" : $"\n{fault}")}"
            : AsJson(now, category, level, id, state, fault, format));
    }

    private string AsJson<TState>(DateTimeOffset now, string category, LogLevel level, EventId id, TState state, Exception? fault, Func<TState, Exception?, string> format)
    {
        using var buffer = new MemoryStream(512);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("time", now.UtcDateTime);
            json.WriteString("level", Word(level));
            json.WriteString("service", service);
            json.WriteString("logger", category);
            json.WriteNumber("eventId", id.Id);
            json.WriteString("message", format(state, fault));
            if (Activity.Current is { } activity)
                json.WriteString("traceId", activity.TraceId.ToHexString());
            var saysRoute = false;
            if (state is IReadOnlyList<KeyValuePair<string, object?>> values)
            {
                foreach (var (name, value) in values)
                {
                    if (name == "{OriginalFormat}") continue;
                    saysRoute |= name == "Route";
                    WriteValue(json, JsonNamingPolicy.CamelCase.ConvertName(name), value);
                }
            }
            if (!saysRoute && RouteOfRequest.Current is { } route) json.WriteString("route", route);
            if (fault is not null) json.WriteString("fault", fault.ToString());
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    private static void WriteValue(Utf8JsonWriter json, string name, object? value)
    {
        switch (value)
        {
            case null: json.WriteNull(name); break;
            case bool yes: json.WriteBoolean(name, yes); break;
            case int number: json.WriteNumber(name, number); break;
            case long number: json.WriteNumber(name, number); break;
            case double number when double.IsFinite(number): json.WriteNumber(name, Math.Round(number, 3)); break;
            default: json.WriteString(name, value.ToString()); break;
        }
    }

    private static string Word(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        _ => "error",
    };

    private sealed class Logger(LogLinesProvider provider, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            provider.Write(category, logLevel, eventId, state, exception, formatter);
    }
}
