using System.Globalization;
using System.Text;
using AdmitOne.Cli.Load;

namespace AdmitOne.Bench;

/// <summary>The results as people read them.</summary>
internal static class ReportText
{
    public static string Of(Results results)
    {
        var text = new StringBuilder();
        AddWay(text, results);
        AddContests(text, results);
        AddBudget(text, results);
        AddLatencies(text, results);
        AddReads(text, results);
        AddGrowth(text, results);
        AddSustained(text, results);
        AddServices(text, results);
        return text.ToString();
    }

    private static void AddWay(StringBuilder text, Results results)
    {
        var machine = results.Machine;
        text.Append(CultureInfo.InvariantCulture, $"""
            # Measured

            Written by `./bench/run`; commit {machine.Commit}, {results.At:yyyy-MM-dd HH:mm} UTC; rows of an earlier run name its commit.
            {machine.Cores} cores ({machine.Cpu}), {machine.MemoryGiB} GiB, {machine.System}; {machine.DotNet}; PostgreSQL {machine.PostgreSql}; Redis {machine.Redis}.
            Everything on this machine: load generator, services, PostgreSQL, Redis. Its load average before anything was started was {machine.LoadBefore:N1};
            what else it did happened to both sides of each pair, so only the ratios say something.

            The product is asked through HTTP with a token for each of {Stage.Buyers:N0} buyers, by so many connections, each with one request at a time. Every call is counted by the
            rate limiter in Redis; its numbers are raised, and nothing is switched off. The yardstick of writes is `pgbench` on the same cluster, the best of {string.Join(", ", Pgbench.Clients)}
            clients: for holds and scans on tables without foreign keys, checks or row-level security (`yardstick/hold_lean.sql`, `hold_lean_20.sql`, `scan_lean.sql`), for purchases on
            the product's own tables (`yardstick/purchase_same.sql`). That of reads is bare Kestrel with the same bytes, asked by the same generator. They take turns; ratios are medians
            of the pairs. Only answers that had their effect count: the rows were counted afterwards, and `admitone verify` has recounted everything.


            """);
    }

    private static void AddContests(StringBuilder text, Results results)
    {
        if (results.Rows.Count == 0) return;
        text.Append(CultureInfo.InvariantCulture, $"""
            ![How many times its yardstick]({Pictures.Ratios})
            ![Beside its yardstick]({Pictures.Throughput})

            | path | connections | product / s | yardstick / s | ratio | goal | pairs | p50 ms | p95 ms | p99 ms | rows | verify | commit |
            | --- | ---: | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: | --- | --- |

            """);
        foreach (var row in results.Rows)
        {
            var pairs = string.Join(", ", row.Pairs.Select(p => p.Ratio.ToString("N2", CultureInfo.InvariantCulture)));
            var goal = row.Connections == Plan.Usual && Paths.Goals.TryGetValue(row.Path, out var least) ? least.ToString(CultureInfo.InvariantCulture) : "";
            text.Append(CultureInfo.InvariantCulture, $"| {row.Path} | {row.Connections} | {row.PerSecond:N0} | {row.YardstickPerSecond:N0} | **{row.Ratio:N2}** | {goal} | {pairs}{(row.IsNoisy ? " (noisy: more than 30 % apart)" : "")} | ");
            text.Append(CultureInfo.InvariantCulture, $"{Row.Median(row.Pairs, p => p.P50Ms):N1} | {row.P95Ms:N1} | {Row.Median(row.Pairs, p => p.P99Ms):N1} | {row.RowsCounted:N0} | {(row.VerifyClean ? "clean" : "**faults**")} | {row.Commit} |\n");
        }
        text.Append(CultureInfo.InvariantCulture, $"\nFirst holds of buyers that the service had never seen, and that warm it up: {results.NewPeoplePerSecond:N0} / s.\n\n");
    }

    private static void AddBudget(StringBuilder text, Results results)
    {
        if (results.Rows.Count == 0) return;
        text.Append(CultureInfo.InvariantCulture, $"""
            ## Where the time goes

            Microseconds of CPU for each effect, all processes on all cores (medians).

            ![Where the time goes]({Pictures.Cpu})

            | path | connections | {string.Join(" | ", ProcessClock.Parts)} | all | generator's share of the CPU |
            | --- | ---: | {string.Join(" | ", ProcessClock.Parts.Select(_ => "---:"))} | ---: | ---: |

            """);
        foreach (var row in results.Rows)
        {
            var parts = ProcessClock.Parts.Select(row.Cpu).ToArray();
            text.Append(CultureInfo.InvariantCulture, $"| {row.Path} | {row.Connections} | {string.Join(" | ", parts.Select(p => p.ToString("N0", CultureInfo.InvariantCulture)))} | {parts.Sum():N0} | {Row.Median(row.Pairs, p => p.GeneratorCpuShare):P0} |\n");
        }
        text.Append('\n');
    }

    private static void AddLatencies(StringBuilder text, Results results)
    {
        if (results.Latencies.Count == 0) return;
        text.Append(CultureInfo.InvariantCulture, $"""
            ## Latency at a rate

            Arrivals on a clock, at a quarter, a half and three quarters of what the closed loop reached just before; a latency counts from the instant at which the request was due.

            ![Latency at a rate]({Pictures.Latency})

            | path | connections | asked / s | answered / s | p50 ms | p95 ms | p99 ms | worst ms | other answers | commit |
            | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |

            """);
        foreach (var row in results.Latencies)
            text.Append(CultureInfo.InvariantCulture, $"| {row.Path} | {row.Connections} | {row.AskedPerSecond:N0} | {row.AnsweredPerSecond:N0} | {row.P50Ms:N1} | {row.P95Ms:N1} | {row.P99Ms:N1} | {row.MaxMs:N0} | {row.Others:N0} | {row.Commit} |\n");
        text.Append('\n');
    }

    private static void AddReads(StringBuilder text, Results results)
    {
        if (results.ReadHeavy is not { } reads) return;
        text.Append(CultureInfo.InvariantCulture, $"""
            ## Many readers of many events

            {reads.Events:N0} public events, one of which its manager changes each second; {reads.Connections} connections, first on 22 lists, then on pages of which the n-th is looked at n times
            less than the first (commit {reads.Commit}).

            | lists p50 ms | lists p95 ms (goal: below 50) | pages p95 ms (goal: below 50) | cache hits (goal: above 90 %) | other answers |
            | ---: | ---: | ---: | ---: | ---: |
            | {reads.ListP50Ms:N1} | {reads.ListP95Ms:N1} | {reads.PageP95Ms:N1} | {reads.HitRate:P2} | {reads.Others:N0} |


            """);
    }

    private static void AddGrowth(StringBuilder text, Results results)
    {
        if (results.Growth is not { } growth) return;
        text.Append(CultureInfo.InvariantCulture, $"""
            ## What was sold does not make a hold dearer

            The tickets were written by SQL under all constraints of the product's tables; seven tenths of the million are of the very type that is held (commit {growth.Commit}).

            | tickets in the table | CPU for each hold, us | of it PostgreSQL, us | holds / s |
            | ---: | ---: | ---: | ---: |

            """);
        foreach (var step in growth.Steps)
            text.Append(CultureInfo.InvariantCulture, $"| {step.Sold:N0} | {step.CpuMicrosEach:N0} | {step.PostgresMicrosEach:N0} | {step.PerSecond:N0} |\n");
        text.Append(CultureInfo.InvariantCulture, $"\nGrown by {growth.Grew:P0} (goal: below 20 %).\n\n");
    }

    private static void AddSustained(StringBuilder text, Results results)
    {
        if (results.Sustained is not { } run) return;
        text.Append(CultureInfo.InvariantCulture, $"""
            ## A long run

            Holds of one hot type after another at {run.AskedPerSecond:N0} / s for {run.Seconds} s, arrivals on a clock; PostgreSQL made {run.Checkpoints} checkpoints and {run.Vacuums} automatic
            vacuums and analyses meanwhile (commit {run.Commit}). Goal: p99 below 1 s throughout.

            ![Holds for {run.Seconds} s]({Pictures.Sustained})

            | p50 ms | p99 ms | worst ten seconds' p99 ms | worst ms | holds | other answers | verify |
            | ---: | ---: | ---: | ---: | ---: | ---: | --- |
            | {run.P50Ms:N1} | {run.P99Ms:N1} | {run.Stretches.Max(s => s.P99Ms):N1} | {run.MaxMs:N0} | {run.Made:N0} | {run.Others:N0} | {(run.VerifyClean ? "clean" : "**faults**")} |


            """);
    }

    private static void AddServices(StringBuilder text, Results results)
    {
        if (results.Memory.Count == 0) return;
        text.Append(CultureInfo.InvariantCulture, $"""
            ## Start and memory

            From the command to ready, with a new database cluster, Redis, all migrations and every service: {results.ReadySeconds:N1} s.

            | service | resident at rest, MB | most ever resident, MB |
            | --- | ---: | ---: |

            """);
        foreach (var one in results.Memory) text.Append(CultureInfo.InvariantCulture, $"| {one.Service} | {one.AtRest / 1e6:N0} | {one.Peak / 1e6:N0} |\n");
    }
}
