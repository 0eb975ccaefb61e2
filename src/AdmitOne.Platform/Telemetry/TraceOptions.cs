using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AdmitOne.Platform.Telemetry;

public sealed class TraceOptions
{
    /// <summary>Where spans are sent (OTLP), and metrics and log lines if asked for, for instance <c>http://collector:4318</c>. Not set: nothing is sent, and nothing is spent on it.</summary>
    [ConfigurationKeyName("OTEL_EXPORTER_OTLP_ENDPOINT"), Url]
    public string? Endpoint { get; set; }

    /// <summary>How they are sent.</summary>
    [ConfigurationKeyName("OTEL_EXPORTER_OTLP_PROTOCOL"), AllowedValues("http/protobuf", "grpc", ErrorMessage = "OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf or grpc.")]
    public string Protocol { get; set; } = "http/protobuf";

    /// <summary>The share of traces that is kept, of those that begin here; a caller's decision about its own trace is followed.</summary>
    [ConfigurationKeyName("OTEL_TRACES_SAMPLER_ARG"), Range(0.0, 1.0)]
    public double Share { get; set; } = 1;

    /// <summary><c>otlp</c> sends the metrics of <c>/metrics</c> to the endpoint as well, once a minute.</summary>
    [ConfigurationKeyName("OTEL_METRICS_EXPORTER"), AllowedValues("none", "otlp", ErrorMessage = "OTEL_METRICS_EXPORTER must be none or otlp.")]
    public string Metrics { get; set; } = "none";

    /// <summary><c>otlp</c> sends the log lines of standard output to the endpoint as well.</summary>
    [ConfigurationKeyName("OTEL_LOGS_EXPORTER"), AllowedValues("none", "otlp", ErrorMessage = "OTEL_LOGS_EXPORTER must be none or otlp.")]
    public string Logs { get; set; } = "none";
}

[OptionsValidator]
internal sealed partial class TraceOptionsAnnotations : IValidateOptions<TraceOptions>;
