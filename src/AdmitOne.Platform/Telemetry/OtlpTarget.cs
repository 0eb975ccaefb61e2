using OpenTelemetry.Exporter;
using OpenTelemetry.Resources;

namespace AdmitOne.Platform.Telemetry;

/// <summary>Where a service's spans, metrics and log lines are sent, and what they say of their sender.</summary>
internal sealed record OtlpTarget(string Endpoint, string Protocol, string Service, string Release, string Environment)
{
    public ResourceBuilder Resource => ResourceBuilder.CreateEmpty().AddService(Service, serviceVersion: Release, autoGenerateServiceInstanceId: false)
        .AddAttributes([new("deployment.environment.name", Environment)]);

    /// <param name="signal"><c>traces</c>, <c>metrics</c> or <c>logs</c>: the path over HTTP.</param>
    public void Configure(OtlpExporterOptions otlp, string signal)
    {
        var grpc = Protocol == "grpc";
        otlp.Protocol = grpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        otlp.Endpoint = new Uri(grpc ? Endpoint : $"{Endpoint.TrimEnd('/')}/v1/{signal}");
        otlp.TimeoutMilliseconds = 3000;
        otlp.BatchExportProcessorOptions.ScheduledDelayMilliseconds = 1000;
    }
}
