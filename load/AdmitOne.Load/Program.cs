using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using AdmitOne.Cli.Load;
using AdmitOne.Cli.Local;
using AdmitOne.Cli.Terminals;
using AdmitOne.Load;
using Npgsql;

if (args is ["redraw", var results, var at])
{
    await Report.RedrawAsync(results, at);
    return 0;
}

var data = new Option<string>("--data") { Description = "The data folder of a running `admitone up --separate`.", Required = true };
var json = new Option<string>("--json") { Description = "Where the results go.", Required = true };
var page = new Option<string>("--page") { Description = "Where the report goes; its pictures lie beside it.", Required = true };
var minutes = new Option<double>("--minutes") { Description = "How long each phase takes.", DefaultValueFactory = _ => 10 };
var quick = new Option<bool>("--quick") { Description = "A fifth of the users for 8 seconds each: whether it works, not how well." };
var only = new Option<string[]>("--only") { Description = "Only these phases: events_1000, tickets_500, tickets_1000.", AllowMultipleArgumentsPerToken = true };
var commit = new Option<string>("--commit") { Description = "What is measured, for the report.", DefaultValueFactory = _ => "unknown" };
var loadBefore = new Option<double>("--load-before") { Description = "The load average before anything was started." };

var root = new RootCommand("The checklists' load: so many users, mixed, by the clock.") { data, json, page, minutes, quick, only, commit, loadBefore };
root.SetAction(async parsed =>
{
    try
    {
        return await RunAsync(parsed);
    }
    catch (Exception fault) when (fault is CannotRunException or NpgsqlException or IOException or HttpRequestException)
    {
        await Console.Error.WriteLineAsync("load: " + fault.Message);
        return 2;
    }
});
return await root.Parse(args).InvokeAsync();

async Task<int> RunAsync(ParseResult parsed)
{
    var terminal = Terminal.OfProcess();
    var isQuick = parsed.GetValue(quick);
    var length = isQuick ? TimeSpan.FromSeconds(8) : TimeSpan.FromMinutes(parsed.GetValue(minutes));
    var phases = Phase.All(isQuick).Where(p => parsed.GetValue(only) is not { Length: > 0 } named || named.Contains(p.Name)).ToList();
    if (phases.Count == 0) throw new CannotRunException("--only names none of events_1000, tickets_500, tickets_1000");

    // A person may hold and buy five times a minute. Buyers come by turns, one visit in five buys: with thirty for each user one in thousands comes a sixth time.
    var buyers = phases.Max(p => p.Users) * 30;
    using var stage = await LoadStage.SetAsync(parsed.GetRequiredValue(data), buyers);
    terminal.WriteLine($"{LoadStage.Events} events on sale, {buyers:N0} buyers");
    await MeetAsync(stage);
    var results = new List<PhaseResult>();
    foreach (var phase in phases)
    {
        terminal.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{phase.Users:N0} users on the {phase.Service} for {length.TotalSeconds:N0} s ..."));
        var result = await terminal.RunAsync($"load on the {phase.Service}", _ => phase.RunAsync(stage, length));
        results.Add(result);
        terminal.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {result.PerSecond:N0} calls a second, {result.ErrorShare:P2} errors, {result.Lines.Count(l => l.Held == false)} lines missed"));
        foreach (var missed in result.Lines.Where(l => l.Held == false)) terminal.WriteLine($"  missed: {missed.Demand} {missed.Bound}: {missed.Measured}");
    }

    var whole = new LoadResult(Report.Describe(await stage.PostgresVersionAsync(), parsed.GetRequiredValue(commit), parsed.GetValue(loadBefore)), TimeProvider.System.GetUtcNow(), isQuick, buyers,
        results, stage.Promised, await stage.CountTicketsAsync(), await VerifyAsync(stage.Folder));
    await Report.WriteAsync(whole, parsed.GetRequiredValue(json), parsed.GetRequiredValue(page));
    terminal.WriteLine(whole.AllHeld ? "every line holds" : "not every line holds");
    // Of a quick run only the books decide: it says whether it works, not how well.
    return whole.AllHeld || (isQuick && whole.VerifyClean && whole.TicketsPromised == whole.TicketsCounted) ? 0 : 1;
}

// Each buyer calls once beforehand: people whom the service has never seen are written down first, which no line asks about.
static async Task MeetAsync(LoadStage stage)
{
    using var connections = LoadClient.Shared();
    var client = new LoadClient(connections, new Samples(), new ArrivalClock());
    await Parallel.ForEachAsync(stage.Buyers, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (token, _) =>
    {
        await client.SendAsync(new Call("meet", HttpMethod.Get, stage.Run.Tickets[0] + "/api/v1/tickets", token, Reads: false));
        await client.SendAsync(new Call("meet", HttpMethod.Get, stage.Run.Events + "/api/v1/categories", token, Reads: false));
    });
    for (var n = 0; n < 50; n++) await Mixes.BuyAsync(stage, client, stage.Run.Tickets[0] + "/api/v1", stage.Sales[n % stage.Sales.Count], 0);
}

// As a person would, with the command itself.
static async Task<bool> VerifyAsync(string folder)
{
    using var process = Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "admitone"), ["verify", "--data", folder]))!;
    await process.WaitForExitAsync();
    return process.ExitCode switch { 0 => true, 1 => false, _ => throw new CannotRunException("verify could not look") };
}
