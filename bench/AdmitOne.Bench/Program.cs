using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using AdmitOne.Bench;
using AdmitOne.Cli.Local;
using Npgsql;

var data = new Option<string>("--data") { Description = "The data folder of a running `admitone up`.", Required = true };
var pgbench = new Option<string>("--pgbench") { Description = "The program.", Required = true };
var bench = new Option<string>("--bench") { Description = "The folder with the yardsticks, where the results go.", Required = true };
var commit = new Option<string>("--commit") { Description = "What is measured, for the report.", DefaultValueFactory = _ => "unknown" };
var loadBefore = new Option<double?>("--load-before") { Description = "The load average before anything was started." };
var quick = new Option<bool>("--quick") { Description = "Holds and purchases at 256 connections only." };
var connections = new Option<int[]>("--connections") { Description = "At these numbers of connections instead.", AllowMultipleArgumentsPerToken = true };
var only = new Option<string[]>("--only") { Description = "Only these paths: hold_hot, purchase_hot.", AllowMultipleArgumentsPerToken = true };
var seconds = new Option<int>("--seconds") { Description = "How long the product is measured each time; each run of pgbench takes a third.", DefaultValueFactory = _ => 15 };
var pairs = new Option<int>("--pairs") { Description = "How often.", DefaultValueFactory = _ => 3 };

var root = new RootCommand("Measures AdmitOne beside what a naive transaction does on the same cluster.") { data, pgbench, bench, commit, loadBefore, quick, connections, only, seconds, pairs };
root.SetAction(async parsed =>
{
    try
    {
        var at = parsed.GetValue(connections) is { Length: > 0 } given ? given : parsed.GetValue(quick) ? [256] : [16, 64, 256];
        var pace = new Pace(TimeSpan.FromSeconds(parsed.GetValue(seconds)), TimeSpan.FromSeconds(Math.Max(1, parsed.GetValue(seconds) / 3)), parsed.GetValue(pairs));
        return await RunAsync(parsed, at, pace);
    }
    catch (Exception fault) when (fault is BenchException or CannotRunException or NpgsqlException or IOException)
    {
        await Console.Error.WriteLineAsync("bench: " + fault.Message);
        return 1;
    }
});
return await root.Parse(args).InvokeAsync();

async Task<int> RunAsync(ParseResult parsed, int[] at, Pace pace)
{
    using var stage = await Stage.SetAsync(parsed.GetRequiredValue(data));
    var machine = await Report.DescribeAsync(stage.Run.Postgres.ConnectionString(), parsed.GetRequiredValue(commit), parsed.GetValue(loadBefore) ?? Report.LoadNow());
    var contest = new Contest(stage, new Pgbench(parsed.GetRequiredValue(pgbench), Path.Combine(parsed.GetRequiredValue(bench), "yardstick")), pace, new CpuClock(stage.Run.Pid), Console.WriteLine);
    await contest.PrepareAsync();

    var newPeople = await contest.WarmUpAsync(connections: 64);
    Console.WriteLine($"warm: {Stage.Buyers:N0} buyers held once, {newPeople:N0}/s");
    (string Path, Func<int, Task<IReadOnlyList<Pair>>> Measure)[] paths = [("hold_hot", contest.HoldsAsync), ("purchase_hot", contest.PurchasesAsync)];
    var rows = new List<Row>();
    foreach (var (path, measure) in paths.Where(p => parsed.GetValue(only) is not { Length: > 0 } named || named.Contains(p.Path)))
        foreach (var number in at)
        {
            Console.WriteLine($"{path} at {number} connections");
            var measured = await measure(number);
            rows.Add(Row.Of(path, number, measured, await VerifyAsync(stage.Folder)));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{path} at {number} connections: {rows[^1].PerSecond:N0}/s, {rows[^1].Ratio:N2} x the yardstick"));
        }

    await Report.WriteAsync(new Results(machine, TimeProvider.System.GetUtcNow(), rows, newPeople), parsed.GetRequiredValue(bench));
    if (rows.TrueForAll(row => row.VerifyClean)) return 0;
    await Console.Error.WriteLineAsync("bench: verify found faults");
    return 1;
}

// As a person would, with the command itself.
static async Task<bool> VerifyAsync(string folder)
{
    using var process = Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "admitone"), ["verify", "--data", folder]))!;
    await process.WaitForExitAsync();
    return process.ExitCode switch { 0 => true, 1 => false, _ => throw new BenchException("verify could not look") };
}
