using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AdmitOne.Platform.Telemetry;

public sealed class TraceOptions
{
    /// <summary>Where spans are sent (OTLP), for instance <c>http://collector:4318</c>. Not set: nothing is traced, and nothing is spent on it.</summary>
    [ConfigurationKeyName("OTEL_EXPORTER_OTLP_ENDPOINT"), Url]
    public string? Endpoint { get; set; }

    /// <summary>How they are sent.</summary>
    [ConfigurationKeyName("OTEL_EXPORTER_OTLP_PROTOCOL"), AllowedValues("http/protobuf", "grpc", ErrorMessage = "OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf or grpc.")]
    public string Protocol { get; set; } = "http/protobuf";

    /// <summary>The share of traces that is kept, of those that begin here; a caller's decision about its own trace is followed.</summary>
    [ConfigurationKeyName("OTEL_TRACES_SAMPLER_ARG"), Range(0.0, 1.0)]
    public double Share { get; set; } = 1;
}

[OptionsValidator]
internal sealed partial class TraceOptionsAnnotations : IValidateOptions<TraceOptions>;
