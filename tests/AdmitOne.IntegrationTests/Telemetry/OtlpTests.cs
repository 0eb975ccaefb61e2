using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Telemetry;

/// <summary>Metrics and log lines go to a collector when they are asked for, and only then.</summary>
// A listener of spans receives those of the whole process.
[Collection("worlds whose spans are sent")]
public sealed class OtlpTests(Stack stack)
{
    [Fact]
    public async Task Metrics_and_log_lines_arrive_with_the_name_of_their_service()
    {
        stack.SkipIfMissing();
        await using var collector = await Collector.StartAsync();
        await using (var world = await World.StartAsync(stack, ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Url), ("OTEL_METRICS_EXPORTER", "otlp"), ("OTEL_LOGS_EXPORTER", "otlp")))
        {
            using var customer = world.Tickets(Roles.Customer);
            using var refused = await customer.PostAsync("/api/v1/purchases", null, TestContext.Current.CancellationToken);
            await World.UntilAsync(() => Task.FromResult(collector.Logs.Any(line => line.Service == "ticket-service")));
        }
        // What was counted is sent when the host ends, at the latest.
        await World.UntilAsync(() => Task.FromResult(collector.Metrics.Contains("admitone.requests.answered")));
    }

    [Fact]
    public async Task With_an_endpoint_alone_only_spans_are_sent()
    {
        stack.SkipIfMissing();
        await using var collector = await Collector.StartAsync();
        await using (var world = await World.StartAsync(stack, ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Url)))
        {
            using var customer = world.Tickets(Roles.Customer);
            // Spans that a busy collector did not take in time are not sent again.
            await World.UntilAsync(async () =>
            {
                using var read = await customer.GetAsync("/api/v1/orders", TestContext.Current.CancellationToken);
                return !collector.Spans.IsEmpty;
            });
        }
        Assert.Empty(collector.Metrics);
        Assert.Empty(collector.Logs);
    }
}
