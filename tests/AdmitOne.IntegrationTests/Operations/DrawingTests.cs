using System.Diagnostics;
using System.Globalization;
using AdmitOne.IntegrationTests.Docs;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Operations;

/// <summary>
/// The pictures of docs/pictures, drawn anew from a run of so many minutes, under a real Prometheus:
/// <c>DRAW_DASHBOARDS=5 ./test --filter-class '*DrawingTests'</c>. Without the variable nothing is drawn.
/// </summary>
public sealed class DrawingTests(WatchedWorld world) : IClassFixture<WatchedWorld>
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task Both_dashboards_are_drawn_from_a_real_run()
    {
        if (!double.TryParse(Environment.GetEnvironmentVariable("DRAW_DASHBOARDS"), CultureInfo.InvariantCulture, out var minutes)) Assert.Skip("DRAW_DASHBOARDS says how many minutes to draw; it is not set.");
        await world.WatchAsync();
        var since = Stopwatch.StartNew();
        for (var round = 0; since.Elapsed.TotalMinutes < minutes; round++)
        {
            // Now and then a crowd, as at an on-sale.
            for (var crowd = round % 9 == 4 ? 4 : 1; crowd > 0; crowd--) await world.LiveAsync();
            await Task.Delay(s_pause, TestContext.Current.CancellationToken);
        }

        var pictures = Path.Combine(RunnableBlock.Root, "docs", "pictures");
        var draw = await CommandRun.StartAsync([], "dashboards", "--prometheus", world.Prometheus!.Url.ToString(), "--from", Path.Combine(RunnableBlock.Root, "deploy", "grafana"),
            "--to", pictures, "--minutes", since.Elapsed.TotalMinutes.ToString("F2", CultureInfo.InvariantCulture), "--window", "30s");
        Assert.True(draw.ExitCode == 0, draw.Output + draw.Errors);
        foreach (var picture in new[] { "dashboard-tickets.svg", "dashboard-events.svg" })
            Assert.DoesNotContain("No data", await File.ReadAllTextAsync(Path.Combine(pictures, picture), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }
}
