using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using AdmitOne.Cli.Local;

namespace AdmitOne.Bench;

/// <summary>Whom pgbench connects as.</summary>
/// <param name="Options">Settings of the session, as in PGOPTIONS.</param>
internal sealed record PgSession(PostgresAddress Address, string Options);

/// <summary>One run of pgbench.</summary>
/// <param name="PerSecond">Transactions a second, without the time that connecting took.</param>
internal sealed record PgbenchResult(int Clients, double PerSecond, long Transactions);

/// <summary>Runs a yardstick's file with `pgbench -M prepared -n`.</summary>
internal sealed partial class Pgbench(string program, string yardsticks)
{
    /// <summary>More clients on a hot row make it slower: the best of these counts.</summary>
    public static readonly IReadOnlyList<int> Clients = [1, 4, 16, 64];

    private int _runs;

    public string Yardstick(string file) => Path.Combine(yardsticks, file);

    /// <summary>The same file at each number of clients, one after the other.</summary>
    public async Task<IReadOnlyList<PgbenchResult>> RunAsync(PgSession session, string file, TimeSpan each, IReadOnlyDictionary<string, string> variables)
    {
        var results = new List<PgbenchResult>();
        foreach (var clients in Clients) results.Add(await RunAsync(session, file, clients, each, variables));
        return results;
    }

    private async Task<PgbenchResult> RunAsync(PgSession session, string file, int clients, TimeSpan time, IReadOnlyDictionary<string, string> variables)
    {
        var at = session.Address;
        var start = new ProcessStartInfo(program,
        [
            "-M", "prepared", "-n", "-f", Yardstick(file), "-c", Text(clients), "-j", Text(Math.Min(clients, 2)), "-T", Text((int)time.TotalSeconds),
            "-h", at.Host, "-p", Text(at.Port), "-U", at.User, "-D", "n=0", "-D", $"base={Text(++_runs)}", .. variables.SelectMany(v => new[] { "-D", $"{v.Key}={v.Value}" }), at.Database,
        ])
        { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PGPASSWORD"] = at.Password;
        start.Environment["PGOPTIONS"] = session.Options;
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var said = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new BenchException($"pgbench failed on {file}: {await errors}");
        var processed = long.Parse(Processed().Match(said).Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        // It tells no rate where nothing was done in time.
        return new PgbenchResult(clients, processed == 0 ? 0 : double.Parse(PerSecond().Match(said).Groups[1].ValueSpan, CultureInfo.InvariantCulture), processed);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"tps = ([0-9.]+) \(without initial connection time\)")]
    private static partial Regex PerSecond();

    [GeneratedRegex(@"number of transactions actually processed: ([0-9]+)")]
    private static partial Regex Processed();
}
