using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Dapper;
using Npgsql;

namespace AdmitOne.Bench;

/// <summary>What was measured, for people (<c>results.md</c>) and for programs (<c>results.json</c>).</summary>
internal static class Report
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static async Task<Machine> DescribeAsync(string connectionString, string commit, double loadBefore)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        var postgres = await connection.ExecuteScalarAsync<string>("""
            select format('%s, fsync %s, synchronous_commit %s, shared_buffers %s', current_setting('server_version'), current_setting('fsync'),
                          current_setting('synchronous_commit'), current_setting('shared_buffers'))
            """);
        return new Machine(
            FieldOf("/proc/cpuinfo", "model name") ?? RuntimeInformation.ProcessArchitecture.ToString(), Environment.ProcessorCount,
            (int)Math.Round(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1073741824.0), RuntimeInformation.OSDescription, postgres!, await RedisVersionAsync(),
            RuntimeInformation.FrameworkDescription, commit, loadBefore);
    }

    public static async Task WriteAsync(Results results, string folder)
    {
        await File.WriteAllTextAsync(Path.Combine(folder, "results.json"), JsonSerializer.Serialize(results, s_json) + "\n");
        await File.WriteAllTextAsync(Path.Combine(folder, "results.md"), Markdown(results));
    }

    /// <summary>The load average of the last minute; 0 where the system does not tell.</summary>
    public static double LoadNow() =>
        File.Exists("/proc/loadavg") ? double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture) : 0;

    private static string Markdown(Results results)
    {
        var text = new StringBuilder();
        var machine = results.Machine;
        text.Append(CultureInfo.InvariantCulture, $"""
            # Measured

            Written by `./bench/run`; commit {machine.Commit}, {results.At:yyyy-MM-dd HH:mm} UTC.
            {machine.Cores} cores ({machine.Cpu}), {machine.MemoryGiB} GiB, {machine.System}; {machine.DotNet}; PostgreSQL {machine.PostgreSql}; Redis {machine.Redis}.
            Everything on this machine: load generator, services, PostgreSQL, Redis. Its load average before anything was started was {machine.LoadBefore:N1};
            what else it did happened to both sides of each pair, so only the ratios say something.

            The product is asked through HTTP with a token for each of {Stage.Buyers:N0} buyers, by so many connections, each with one request at a time. The yardstick
            is `pgbench` on the same cluster, the best of {string.Join(", ", Pgbench.Clients)} clients: for holds on tables without foreign keys, checks or row-level security
            (`yardstick/hold_lean.sql`), for purchases on the product's own tables (`yardstick/purchase_same.sql`). They take turns; ratios are medians.
            Only answers that had their effect count: the rows were counted afterwards, and `admitone verify` has recounted everything.

            | path | connections | product / s | yardstick / s | ratio | pairs | p50 ms | p95 ms | p99 ms | rows | verify |
            | --- | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: | --- |

            """);
        foreach (var row in results.Rows)
        {
            var pairs = string.Join(", ", row.Pairs.Select(p => p.Ratio.ToString("N2", CultureInfo.InvariantCulture)));
            text.Append(CultureInfo.InvariantCulture, $"| {row.Path} | {row.Connections} | {row.PerSecond:N0} | {row.YardstickPerSecond:N0} | **{row.Ratio:N2}** | {pairs}{(row.IsNoisy ? " (noisy: more than 30 % apart)" : "")} | ");
            text.Append(CultureInfo.InvariantCulture, $"{Row.Median(row.Pairs, p => p.P50Ms):N1} | {row.P95Ms:N1} | {Row.Median(row.Pairs, p => p.P99Ms):N1} | {row.RowsCounted:N0} | {(row.VerifyClean ? "clean" : "**faults**")} |\n");
        }
        text.Append(CultureInfo.InvariantCulture, $"""

            First holds of buyers that the service had never seen: {results.NewPeoplePerSecond:N0} / s.

            ## Where the time goes

            Microseconds of CPU for each effect, all processes on all cores (medians).

            | path | connections | {string.Join(" | ", CpuClock.Parts)} | all | generator's share of the CPU |
            | --- | ---: | {string.Join(" | ", CpuClock.Parts.Select(_ => "---:"))} | ---: | ---: |

            """);
        foreach (var row in results.Rows)
        {
            var parts = CpuClock.Parts.Select(part => Row.Median(row.Pairs, p => p.CpuMicrosEach.GetValueOrDefault(part))).ToArray();
            text.Append(CultureInfo.InvariantCulture, $"| {row.Path} | {row.Connections} | {string.Join(" | ", parts.Select(p => p.ToString("N0", CultureInfo.InvariantCulture)))} | {parts.Sum():N0} | {Row.Median(row.Pairs, p => p.GeneratorCpuShare):P0} |\n");
        }
        return text.ToString();
    }

    private static string? FieldOf(string file, string name) => !File.Exists(file) ? null
        : File.ReadLines(file).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) is { } line ? line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim() : null;

    // "Redis server v=7.0.15 sha=..."
    private static async Task<string> RedisVersionAsync()
    {
        foreach (var program in new[] { "redis-server", "valkey-server" })
        {
            try
            {
                using var process = Process.Start(new ProcessStartInfo(program, ["--version"]) { RedirectStandardOutput = true })!;
                var said = await process.StandardOutput.ReadToEndAsync();
                await process.WaitForExitAsync();
                return said.Split(' ').FirstOrDefault(word => word.StartsWith("v=", StringComparison.Ordinal))?[2..] ?? said.Trim();
            }
            catch (System.ComponentModel.Win32Exception)
            {
                // The other one, then.
            }
        }
        return "unknown";
    }
}
