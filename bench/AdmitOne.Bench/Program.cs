using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using AdmitOne.Bench;
using AdmitOne.Cli.Load;
using AdmitOne.Cli.Local;
using Npgsql;

if (args is [BareEndpoint.Word, var file]) return await BareEndpoint.RunAsync(file);
if (args is ["redraw", var drawn])
{
    await Report.RedrawAsync(drawn);
    return 0;
}

var data = new Option<string>("--data") { Description = "The data folder of a running `admitone up`.", Required = true };
var pgbench = new Option<string>("--pgbench") { Description = "The program.", Required = true };
var bench = new Option<string>("--bench") { Description = "The folder with the yardsticks, where the results go.", Required = true };
var commit = new Option<string>("--commit") { Description = "What is measured, for the report.", DefaultValueFactory = _ => "unknown" };
var loadBefore = new Option<double?>("--load-before") { Description = "The load average before anything was started." };
var readySeconds = new Option<double>("--ready-seconds") { Description = "How long everything took to start." };
var quick = new Option<bool>("--quick") { Description = "Holds and purchases at 256 connections only." };
var connections = new Option<int[]>("--connections") { Description = "At these numbers of connections instead of 16, 64, 256 and 1000.", AllowMultipleArgumentsPerToken = true };
var paths = new Option<string>("--paths") { Description = $"Only these, separated by commas: {string.Join(", ", Paths.All)}, and latency, reads, growth for what is no contest." };
var seconds = new Option<int>("--seconds") { Description = "How long the product is measured each time; each run of pgbench takes a quarter.", DefaultValueFactory = _ => 8 };
var pairs = new Option<int>("--pairs") { Description = "How often.", DefaultValueFactory = _ => 3 };
var sustained = new Option<int>("--sustained") { Description = "Nothing but holds at a steady rate, for so many seconds." };
var rate = new Option<double>("--rate") { Description = "Of --sustained, in holds a second.", DefaultValueFactory = _ => 2_000 };

var root = new RootCommand("Measures AdmitOne beside what is naive, or bare, on the same machine.")
{
    data, pgbench, bench, commit, loadBefore, readySeconds, quick, connections, paths, seconds, pairs, sustained, rate,
};
root.SetAction(async parsed =>
{
    try
    {
        return await RunAsync(parsed);
    }
    catch (Exception fault) when (fault is BenchException or CannotRunException or NpgsqlException or IOException or HttpRequestException or SocketException)
    {
        await Console.Error.WriteLineAsync("bench: " + fault.Message);
        return 1;
    }
});
return await root.Parse(args).InvokeAsync();

async Task<int> RunAsync(ParseResult parsed)
{
    var started = TimeProvider.System.GetTimestamp();
    void Say(string line) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{TimeProvider.System.GetElapsedTime(started):mm\\:ss} {line}"));

    using var stage = await Stage.SetAsync(parsed.GetRequiredValue(data));
    var cpu = new ProcessClock(stage.Run.Pid);
    var atRest = cpu.ReadMemory();
    var of = parsed.GetRequiredValue(commit);
    var machine = await Report.DescribeAsync(stage.Run.Postgres.ConnectionString(), of, parsed.GetValue(loadBefore) ?? Report.LoadNow());
    var plan = Plan.Of(parsed.GetValue(paths), parsed.GetValue(quick), parsed.GetValue(connections) ?? [], parsed.GetValue(sustained));
    var pace = new Pace(TimeSpan.FromSeconds(parsed.GetValue(seconds)), TimeSpan.FromSeconds(Math.Max(1, parsed.GetValue(seconds) / 4)), parsed.GetValue(pairs));
    var contest = new Contest(stage, new Pgbench(parsed.GetRequiredValue(pgbench), Path.Combine(parsed.GetRequiredValue(bench), "yardstick")), pace, cpu, Say);
    var longRuns = new LongRuns(stage, cpu, Say, of);
    await contest.PrepareAsync();

    var results = new Results(machine, TimeProvider.System.GetUtcNow(), []) { ReadySeconds = parsed.GetValue(readySeconds), NewPeoplePerSecond = await contest.WarmUpAsync(connections: 64) };
    Say($"warm: {Stage.Buyers:N0} buyers held once, {results.NewPeoplePerSecond:N0}/s");
    foreach (var (path, number) in plan.Contests)
    {
        Say($"{path} at {number} connections");
        var measured = await contest.MeasureAsync(path, number);
        results = results with { Rows = [.. results.Rows, Row.Of((path, number), measured, await VerifyAsync(stage.Folder), of)] };
        Say(string.Create(CultureInfo.InvariantCulture, $"{path} at {number} connections: {results.Rows[^1].PerSecond:N0}/s, {results.Rows[^1].Ratio:N2} x the yardstick"));
        await KeepAsync();
    }
    foreach (var path in plan.Latencies)
    {
        Say($"{path}: latency at a rate, {plan.LatencyConnections} connections");
        if (results.Rows.FirstOrDefault(r => (r.Path, r.Connections) == (path, plan.LatencyConnections)) is not { } row) continue;
        var found = await contest.AtRatesAsync(path, plan.LatencyConnections, row.PerSecond, pace.Product);
        results = results with
        {
            Latencies = [.. results.Latencies, .. found.Select(f => new LatencyRow(path, plan.LatencyConnections, f.Share, f.Asked, f.Load.PerSecond,
                f.Load.PercentileMs(0.5), f.Load.PercentileMs(0.95), f.Load.PercentileMs(0.99), f.Load.PercentileMs(1), f.Load.Others.Values.Sum(), of))],
        };
        await KeepAsync();
    }
    if (plan.Growth)
    {
        Say("what a hold costs beside many sold tickets");
        results = results with { Growth = await longRuns.GrowAsync(Plan.Usual) };
        await KeepAsync();
    }
    if (plan.Reads)
    {
        Say("many readers of many events");
        results = results with { ReadHeavy = await longRuns.ReadAsync(Plan.Usual, pace.Product) };
        await KeepAsync();
    }
    if (plan.SustainedSeconds > 0)
    {
        Say($"holds at {parsed.GetValue(rate):N0}/s for {plan.SustainedSeconds} s");
        results = results with { Sustained = await longRuns.SustainAsync(TimeSpan.FromSeconds(plan.SustainedSeconds), parsed.GetValue(rate), Plan.Usual, () => VerifyAsync(stage.Folder)) };
        Say(string.Create(CultureInfo.InvariantCulture, $"  p50 {results.Sustained.P50Ms:N1} ms, p99 {results.Sustained.P99Ms:N1} ms, worst {results.Sustained.MaxMs:N0} ms; {results.Sustained.Checkpoints} checkpoints, {results.Sustained.Vacuums} vacuums"));
        await KeepAsync();
    }
    await KeepAsync();
    if (results.Rows.All(row => row.VerifyClean) && results.Sustained is not { VerifyClean: false }) return 0;
    await Console.Error.WriteLineAsync("bench: verify found faults");
    return 1;

    // After each part: a run that is stopped has not been for nothing.
    Task KeepAsync() => Report.WriteAsync(results with { Memory = [.. cpu.ReadMemory().Select(now => new MemoryOf(now.Service, atRest.FirstOrDefault(then => then.Service == now.Service).Now, now.Peak))] },
        parsed.GetRequiredValue(bench));
}

// As a person would, with the command itself.
static async Task<bool> VerifyAsync(string folder)
{
    var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "admitone"), ["verify", "--data", folder]) { RedirectStandardOutput = true };
    Generator.Undo(start);
    using var process = Process.Start(start)!;
    var said = await process.StandardOutput.ReadToEndAsync();
    await process.WaitForExitAsync();
    if (process.ExitCode != 0) Console.WriteLine(said);
    return process.ExitCode switch { 0 => true, 1 => false, _ => throw new BenchException("verify could not look") };
}
