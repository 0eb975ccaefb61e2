using System.Collections.Concurrent;
using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Xml.Linq;
using AdmitOne.Cli.Commands;
using AdmitOne.UnitTests.Architecture;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.UnitTests.Charts;

/// <summary><c>admitone dashboards</c>, with the dashboards of <c>deploy/grafana</c> and a server that answers as Prometheus does.</summary>
public sealed class DashboardsTests : IDisposable
{
    private static readonly string s_dashboards = Path.Combine(Checkout.Root, "deploy", "grafana");
    private readonly string _to = Directory.CreateTempSubdirectory().FullName;
    private readonly ConcurrentQueue<string> _queries = new();

    [Fact]
    public async Task Every_panel_of_both_dashboards_is_drawn_with_its_data()
    {
        await using var prometheus = await StartAsync(StatusCodes.Status200OK);
        var (exitCode, _, errors) = await DrawAsync(prometheus, "--minutes", "5", "--window", "30s");
        Assert.True(exitCode == 0, errors);
        foreach (var (file, picture) in new[] { ("ticket-service.json", "dashboard-tickets.svg"), ("event-service.json", "dashboard-events.svg") })
        {
            var texts = XElement.Load(Path.Combine(_to, picture)).Elements().Where(element => element.Name.LocalName == "text").Select(text => text.Value).ToList();
            using var board = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(s_dashboards, file), TestContext.Current.CancellationToken));
            var titles = board.RootElement.GetProperty("panels").EnumerateArray().Select(panel => panel.GetProperty("title").GetString()!).ToList();
            Assert.True(titles.Count > 10);
            Findings.None(titles.Except(texts));
            Assert.DoesNotContain("No data", texts);
            Assert.Contains("drawn from 5 minutes of a real run, with rates over 30s in place of 5m", texts);
        }
        Assert.Contains(_queries, query => query.Contains("[30s]", StringComparison.Ordinal));
        Assert.DoesNotContain(_queries, query => query.Contains("[5m]", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_query_that_is_refused_is_named_and_nothing_is_drawn()
    {
        await using var prometheus = await StartAsync(StatusCodes.Status400BadRequest);
        var (exitCode, output, errors) = await DrawAsync(prometheus);
        Assert.Equal((1, ""), (exitCode, output));
        Assert.Contains("answered 400 to ", errors, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(_to));
    }

    public void Dispose() => Directory.Delete(_to, recursive: true);

    private async Task<(int ExitCode, string Output, string Errors)> DrawAsync(WebApplication prometheus, params string[] more)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var exitCode = await AdmitOneCommand.Create().Parse(["dashboards", "--prometheus", prometheus.Urls.First(), "--from", s_dashboards, "--to", _to, .. more])
            .InvokeAsync(new InvocationConfiguration { Output = output, Error = errors }, TestContext.Current.CancellationToken);
        return (exitCode, output.ToString(), errors.ToString());
    }

    // Two series of three points each, of which one is not a number, whatever is asked.
    private async Task<WebApplication> StartAsync(int status)
    {
        var server = WebApplication.CreateSlimBuilder().Build();
        server.Urls.Add("http://127.0.0.1:0");
        server.MapGet("/api/v1/query_range", (HttpContext http, string query, double start, double end) =>
        {
            _queries.Enqueue(query);
            if (status != StatusCodes.Status200OK) return Results.Json(new { status = "error", error = "parse error" }, statusCode: status);
            object[] At(double share, string value) => [start + (share * (end - start)), value];
            object Series(string name, double value) => new { metric = new { route = name, reason = name }, values = new[] { At(0, "0"), At(0.5, "NaN"), At(1, value.ToString(CultureInfo.InvariantCulture)) } };
            return Results.Json(new { status = "success", data = new { resultType = "matrix", result = new[] { Series("first & only", 0.25), Series("second", 12_000) } } });
        });
        await server.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }
}
