using System.CommandLine;
using System.Text.Json;
using AdmitOne.Cli.Charts;
using AdmitOne.Cli.Local;
using AdmitOne.Cli.Terminals;

namespace AdmitOne.Cli.Commands;

/// <summary><c>admitone dashboards</c>: the dashboards of <c>deploy/grafana</c> as pictures, from what a Prometheus has.</summary>
internal static class DashboardsCommand
{
    private const int CannotDraw = 1;

    public static Command Create()
    {
        var prometheus = AddressOption.Create("--prometheus", "The Prometheus, such as http://127.0.0.1:9090.");
        prometheus.Required = true;
        var to = new Option<DirectoryInfo>("--to") { Description = "Where the pictures go: dashboard-tickets.svg and dashboard-events.svg.", HelpName = "FOLDER", Required = true };
        var from = new Option<DirectoryInfo>("--from") { Description = "The folder of the dashboards.", HelpName = "FOLDER", DefaultValueFactory = _ => new DirectoryInfo(Path.Combine("deploy", "grafana")) };
        var minutes = new Option<double>("--minutes") { Description = "How far back.", HelpName = "N", DefaultValueFactory = _ => 10 };
        minutes.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !(double.TryParse(token.Value, out var number) && number is > 0 and < 100_000)) result.AddError("--minutes is a number above 0.");
        });
        var window = new Option<string>("--window") { Description = "Over how long rates are taken, for a picture of a short run; the picture says so.", HelpName = "TIME", DefaultValueFactory = _ => PrometheusRange.UsualWindow };
        var command = new Command("dashboards", "Draw the dashboards as SVG, without a Grafana. Exit code 0: both are drawn; 1: they are not.") { prometheus, to, from, minutes, window };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            try
            {
                using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
                var end = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;
                var range = new PrometheusRange(http, parsed.GetRequiredValue(prometheus)!, end - (60 * parsed.GetValue(minutes)), end, parsed.GetRequiredValue(window));
                await DrawAsync(range, parsed.GetRequiredValue(from).FullName, parsed.GetRequiredValue(to).FullName, Terminal.Of(parsed.InvocationConfiguration), cancellationToken);
                return 0;
            }
            catch (Exception fault) when (fault is CannotRunException or HttpRequestException or IOException or UnauthorizedAccessException or JsonException
                || (fault is TaskCanceledException && !cancellationToken.IsCancellationRequested))
            {
                await parsed.InvocationConfiguration.Error.WriteLineAsync("admitone: " + fault.Message);
                return CannotDraw;
            }
        });
        return command;
    }

    private static async Task DrawAsync(PrometheusRange range, string from, string to, Terminal terminal, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(to);
        foreach (var (file, name) in new[] { ("ticket-service.json", "dashboard-tickets.svg"), ("event-service.json", "dashboard-events.svg") })
        {
            var board = GrafanaBoard.Read(Path.Combine(from, file));
            var picture = Path.Combine(to, name);
            await File.WriteAllTextAsync(picture, await terminal.RunAsync($"drawing {board.Title}", _ => Dashboard.DrawAsync(board, range, cancellationToken)), cancellationToken);
            terminal.WriteLine(picture);
        }
    }
}
