using System.CommandLine;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.Cli.Local;
using AdmitOne.Cli.Rehearsal;
using AdmitOne.Cli.Terminals;
using AdmitOne.Identity;
using AdmitOne.Platform.Configuration;
using Microsoft.Extensions.Configuration;

namespace AdmitOne.Cli.Commands;

/// <summary><c>admitone rehearse</c>: an on-sale of a copy of an event. <c>docs/rehearsal.md</c> tells what it does and what it leaves behind.</summary>
internal static class RehearseCommand
{
    private const int BooksWrong = 1;
    private const int CannotRehearse = 2;
    private const int Interrupted = 130;

    private const string Production = "this is production (ENVIRONMENT). A rehearsal there sells a copy of the event to made-up buyers beside the real ones: it takes the services' time from them, and leaves "
        + "a cancelled event, its orders and buyers, and entries in the audit log, the change feed, webhooks and statistics. Say --production if that is meant, or rehearse on staging";

    public static Command Create()
    {
        var data = DataOption.Create("the JWT_SECRET that is set");
        var eventId = new Option<Guid?>("--event") { Description = "The event to copy; without it, the demo's.", HelpName = "ID" };
        var tenant = new Option<Guid?>("--tenant") { Description = "Whose event it is; without it, it is looked up, which works for events that are shown to everybody.", HelpName = "ID" };
        var events = AddressOption.Create("--events", "The Event Service; without it, that of ./run.");
        var tickets = AddressOption.CreateMany("--tickets", "The Ticket Service, or each of its replicas; without it, those of ./run.");
        var metrics = AddressOption.CreateMany("--metrics", "Where /metrics answers, if not beside the services (METRICS_PORT): the Event Service's first.");
        var curve = new Option<string>("--curve") { Description = "constant, spike, or a number in a time: \"967 in 17s\".", HelpName = "CURVE", DefaultValueFactory = _ => "constant" };
        var arrivals = new Option<int?>("--arrivals") { Description = "How many buyers come (967).", HelpName = "N" };
        var within = new Option<string?>("--within") { Description = "In what time: 17s, 2m (17s).", HelpName = "TIME" };
        var rate = new Option<double?>("--rate") { Description = "Buyers a second, instead of --arrivals.", HelpName = "N" };
        var stock = new Option<int?>("--stock") { Description = "How many tickets the copy has; without it, as many as the event.", HelpName = "N" };
        var each = new Option<int>("--each") { Description = "Tickets a buyer takes.", HelpName = "N", DefaultValueFactory = _ => 1 };
        var search = new Option<bool>("--search") { Description = "Afterwards look for the highest rate with p95 below 1 s, by trying rates for 10 s each." };
        var seed = new Option<int>("--seed") { Description = "The same seed draws the same arrivals.", HelpName = "N", DefaultValueFactory = _ => 1 };
        var report = new Option<FileInfo?>("--report") { Description = "Write the report here, as Markdown.", HelpName = "FILE" };
        var json = new Option<FileInfo?>("--json") { Description = "Write everything that was measured here, as JSON.", HelpName = "FILE" };
        var production = new Option<bool>("--production") { Description = "Rehearse although this is production." };
        var command = new Command("rehearse", "Rehearse an on-sale against a copy of an event. Exit code 0: the books are right; 1: they are not; 2: cannot rehearse.")
        {
            data, eventId, tenant, events, tickets, metrics, curve, arrivals, within, rate, stock, each, search, seed, report, json, production,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (console, terminal) = (parsed.InvocationConfiguration, Terminal.Of(parsed.InvocationConfiguration));
            try
            {
                var given = GivenVariables.OfProcess();
                if (ServiceOptions.IsProductionIn(new ConfigurationBuilder().AddEnvironmentVariables().Build()) && !parsed.GetValue(production)) throw new CannotRunException(Production);
                var secret = TokenSecret.Read(given, parsed.GetValue(data));
                var run = secret.Folder is not null && RunFile.ExistsIn(secret.Folder) ? RunFile.Read(secret.Folder) : null;
                var at = parsed.GetValue(events) ?? (run is null ? null : new Uri(run.Events)) ?? throw new CannotRunException("say where the services are, with --events URL --tickets URL, or --data FOLDER for those of ./run");
                var sellers = parsed.GetValue(tickets) is { Length: > 0 } said ? said : run?.Tickets.Select(url => new Uri(url)).ToArray() ?? throw new CannotRunException("say where the Ticket Service is, with --tickets URL");
                var original = parsed.GetValue(eventId) ?? run?.Demo?.EventId ?? throw new CannotRunException("say which event, with --event ID");
                var wish = new RehearsalWish(original,
                    ArrivalCurve.Read(parsed.GetRequiredValue(curve), parsed.GetValue(arrivals), parsed.GetValue(within) is { } time ? ArrivalCurve.ReadTime(time) : null, parsed.GetValue(rate)),
                    Positive(parsed.GetValue(stock), "--stock"), Positive(parsed.GetValue(each), "--each")!.Value, parsed.GetValue(search), parsed.GetValue(seed));

                using var http = new HttpClient();
                var owner = parsed.GetValue(tenant) ?? await OwnerAsync(http, at, original, cancellationToken);
                var stage = new Stage(at, sellers, Watched(at, sellers, MetricsOf(parsed.GetValue(metrics), run, parsed.GetValue(events) ?? parsed.GetValue(tickets)?.FirstOrDefault())), owner, new TokenMint(secret.Options, TimeProvider.System));
                if (run is not null && await EndUnfinishedAsync(secret.Folder!, stage, http, cancellationToken) is { } left)
                    terminal.WriteLine($"The copy {left} of a rehearsal that was cut off has been ended");
                terminal.WriteLine($"Rehearsing with {wish.Curve}");
                var result = await new Rehearse(stage, http, wish, run is null ? null : secret.Folder, new LiveView(terminal), new Steps(terminal)).RunAsync(cancellationToken);

                var text = RehearsalReport.Markdown(result);
                terminal.WriteLine();
                terminal.WriteMarkdown(text);
                if (parsed.GetValue(report) is { } file) await File.WriteAllTextAsync(file.FullName, text, cancellationToken);
                if (parsed.GetValue(json) is { } all) await File.WriteAllTextAsync(all.FullName, RehearsalReport.Json(result), cancellationToken);
                return result.Books.AreRight ? 0 : BooksWrong;
            }
            catch (Exception fault) when (fault is CannotRunException or HttpRequestException or IOException or UnauthorizedAccessException)
            {
                await console.Error.WriteLineAsync("admitone: " + fault.Message);
                return CannotRehearse;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                await console.Error.WriteLineAsync("admitone: interrupted; the copy was ended");
                return Interrupted;
            }
        });
        return command;
    }

    /// <summary>Ends the copy of a rehearsal that was cut off, if the folder has a note of one.</summary>
    /// <returns>Its id; null if there was none.</returns>
    internal static async Task<Guid?> EndUnfinishedAsync(string folder, Stage stage, HttpClient http, CancellationToken cancellationToken)
    {
        if (UnfinishedRehearsal.Read(folder) is not { } left) return null;
        var ended = await EventCopy.EndUnfinishedAsync(stage with { Tenant = left.TenantId }, http, left.EventId, cancellationToken);
        UnfinishedRehearsal.Remove(folder);
        return ended ? left.EventId : null;
    }

    private static async Task<Guid> OwnerAsync(HttpClient http, Uri events, Guid eventId, CancellationToken cancellationToken)
    {
        using var answer = await http.GetAsync($"{Stage.Text(events)}/api/v1/events/{eventId}", cancellationToken);
        return answer.IsSuccessStatusCode ? (await answer.Content.ReadFromJsonAsync<JsonElement>(cancellationToken)).GetProperty("tenantId").GetGuid()
            : throw new CannotRunException($"event {eventId} is not shown to everybody ({(int)answer.StatusCode}): say whose it is, with --tenant ID");
    }

    private static IReadOnlyList<(string Service, Uri Metrics)> Watched(Uri events, Uri[] tickets, Uri[] said)
    {
        var services = tickets.Select((url, n) => (n == 0 ? "ticket service" : string.Create(CultureInfo.InvariantCulture, $"ticket service {n + 1}"), url)).Prepend(("event service", events)).ToArray();
        if (said.Length > 0 && said.Length != services.Length) throw new CannotRunException($"--metrics wants {services.Length} addresses: the Event Service's, and one for each --tickets");
        return [.. services.Select((service, n) => (service.Item1, new Uri(Stage.Text(said.Length > 0 ? said[n] : service.Item2) + "/metrics")))];
    }

    // Those of ./run have ports of their own, which run.json names; whoever says where the services are says where their metrics are.
    private static Uri[] MetricsOf(Uri[]? said, RunFile? run, Uri? elsewhere) =>
        said is { Length: > 0 } ? said
        : run?.Metrics is { } metrics && elsewhere is null ? [.. metrics.Tickets.Prepend(metrics.Events).Select(url => new Uri(url[..^"/metrics".Length]))]
        : [];

    private static int? Positive(int? number, string option) => number is null or (>= 1 and <= 1_000_000) ? number : throw new CannotRunException($"{option} is between 1 and 1,000,000");
}
