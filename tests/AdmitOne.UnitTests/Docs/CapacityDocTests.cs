using System.Globalization;
using System.Text;
using System.Text.Json;
using AdmitOne.UnitTests.Architecture;

namespace AdmitOne.UnitTests.Docs;

/// <summary>The page of capacity is computed from what <c>./bench/run</c> and <c>load/run</c> have measured: no figure in it is from memory.</summary>
public sealed class CapacityDocTests
{
    private const string Generator = "load generator";

    private static readonly (string Path, string What)[] s_paths =
        [("hold_hot", "hold"), ("purchase_hot", "purchase, hold and ticket included"), ("scan", "scan"), ("availability", "availability"), ("event_page", "event page"), ("my_tickets", "my tickets")];

    [Fact]
    public void The_page_of_capacity_is_computed_from_the_results() => GeneratedDoc.Check("capacity.md", Page());

    private static string Page()
    {
        var costs = Costs();
        var load = Read("load", "results.json");
        var text = new StringBuilder($"""
            # Capacity

            Computed from `bench/results.json` and `load/results.json` by a test; after `./bench/run` or `load/run` write it anew with
            `UPDATE_DOCS=1 ./test --filter-namespace 'AdmitOne.UnitTests.Docs'`. The machine, and what else it did meanwhile, is named in
            [bench/results.md](../bench/results.md) and in the load report that `load/run` writes. Microseconds of CPU travel between machines better than rates
            do, but measure on yours before you promise anything.

            ## What one of each costs

            {Table(costs)}

            ## How to plan

            1. **Decide the rate**: buyers, and the time in which they are to be served. What comes faster waits in the lanes, and past 2 048 commands is sent away
               with 503 and `Retry-After` ([combining.md](combining.md)). `admitone rehearse --search` finds the rate at which your own system keeps p95 below a second.
            2. **Cores**: the rate times the table's cores, for the Ticket Service over all its replicas and for PostgreSQL by itself. Add half: nobody wants to sell at 100 %.
            3. **Connections**: replicas × `DB_POOL_MAX` of both services, and some for tools, must stay below PostgreSQL's `max_connections`. Of an Event
               Service's pool one connection listens for changes of the catalogue; through a pooler that must be in session mode, or pages are read again each second (ADR 46).
            4. **One event is one row**: replicas add capacity around it, not for the row itself; several events scale with PostgreSQL's cores and its disk.
            5. **Disk**: a batch is one flush. What PostgreSQL flushes in a second bounds batches, not holds.

            """);
        if (costs.FirstOrDefault(c => c.Path == "purchase_hot") is { } purchase) text.Append(Examples(purchase, costs.FirstOrDefault(c => c.Path == "scan")));
        text.Append(load is null ? "\n## Memory and mixed load\n\n`load/run` has left no results here yet.\n" : Mixed(load.RootElement));
        return text.ToString();
    }

    private static string Table(IReadOnlyList<Cost> costs) => GeneratedDoc.Table(
        ["one", "µs of CPU, Ticket Service", "PostgreSQL", "everything else", "all", "cores for 1,000 a second", "of these PostgreSQL's"],
        s_paths.Select(path => costs.FirstOrDefault(c => c.Path == path.Path) is { } cost
            ? new[] { path.What, N(cost.Service), N(cost.Postgres), N(cost.Others), N(cost.All), N(cost.All / 1000, "0.00"), N(cost.Postgres / 1000, "0.00") }
            : [path.What, "not measured yet", "", "", "", "", ""]));

    private static string Examples(Cost purchase, Cost? scan)
    {
        var text = new StringBuilder("\n## For example\n\n| so many | in | a second | cores, Ticket Service | cores, PostgreSQL | with half added |\n| --- | --- | ---: | ---: | ---: | ---: |\n");
        foreach (var (what, number, seconds, cost) in new[] { ("purchases", 967, 17, purchase), ("purchases", 10_000, 60, purchase), ("purchases", 50_000, 300, purchase), ("scans", 20_000, 1800, scan) })
        {
            if (cost is null) continue;
            var rate = (double)number / seconds;
            text.Append(CultureInfo.InvariantCulture, $"| {number:N0} {what} | {seconds:N0} s | {rate:N0} | {rate * cost.Service / 1e6:0.00} | {rate * cost.Postgres / 1e6:0.00} | {rate * cost.All / 1e6 * 1.5:0.00} |\n");
        }
        return text.ToString();
    }

    private static string Mixed(JsonElement load)
    {
        var text = new StringBuilder("\n## Memory and mixed load\n\n| phase | users | answers a second | cores, services | cores, PostgreSQL | cores for 1,000 users, all but the generator | memory at most, MiB |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n");
        foreach (var phase in load.GetProperty("phases").EnumerateArray())
        {
            // What was asked for and came minutes late says nothing about what it costs.
            if (phase.GetProperty("lines").EnumerateArray().Any(line => line.GetProperty("held").ValueKind == JsonValueKind.False))
            {
                text.Append(CultureInfo.InvariantCulture, $"| {phase.GetProperty("title").GetString()} | {phase.GetProperty("users").GetInt32():N0} | more than this machine answered in time | | | | |\n");
                continue;
            }
            var cores = phase.GetProperty("cpuCores").EnumerateObject().ToDictionary(c => c.Name, c => c.Value.GetDouble());
            var users = phase.GetProperty("users").GetInt32();
            var all = cores.Where(c => c.Key != Generator).Sum(c => c.Value);
            var memory = phase.GetProperty("memory").EnumerateArray().Where(m => m.GetProperty("service").GetString() == phase.GetProperty("service").GetString()).Select(m => m.GetProperty("maxMiB").GetDouble()).DefaultIfEmpty(0).Max();
            text.Append(CultureInfo.InvariantCulture, $"| {phase.GetProperty("title").GetString()} | {users:N0} | {phase.GetProperty("perSecond").GetDouble():N0} | {cores.GetValueOrDefault("ticket service") + cores.GetValueOrDefault("event service"):0.00} | {cores.GetValueOrDefault("PostgreSQL"):0.00} | {all * 1000 / users:0.00} | {memory:N0} |\n");
        }
        return text.Append("\nEach user does something once a second on average, by the mix of the load report.\n").ToString();
    }

    /// <summary>Of each path at the most connections it was measured at: medians over its pairs.</summary>
    private static IReadOnlyList<Cost> Costs() => Read("bench", "results.json") is not { } bench ? [] :
        [.. bench.RootElement.GetProperty("rows").EnumerateArray().GroupBy(row => row.GetProperty("path").GetString()!)
            .Select(rows => Of(rows.Key, rows.MaxBy(row => row.GetProperty("connections").GetInt32()))).OfType<Cost>()];

    private static Cost? Of(string path, JsonElement row)
    {
        var pairs = row.GetProperty("pairs").EnumerateArray().Where(p => p.TryGetProperty("cpuMicrosEach", out var micros) && micros.EnumerateObject().Any()).Select(p => p.GetProperty("cpuMicrosEach")).ToList();
        if (pairs.Count == 0) return null;
        double Median(string part)
        {
            var values = pairs.Select(p => p.TryGetProperty(part, out var value) ? value.GetDouble() : 0).Order().ToArray();
            return (values[(values.Length - 1) / 2] + values[values.Length / 2]) / 2;
        }
        var parts = pairs.SelectMany(p => p.EnumerateObject().Select(part => part.Name)).Distinct().Where(part => part != Generator).ToDictionary(part => part, Median);
        return new Cost(path, parts.GetValueOrDefault("ticket service"), parts.GetValueOrDefault("PostgreSQL"), parts.Where(p => p.Key is not ("ticket service" or "PostgreSQL")).Sum(p => p.Value));
    }

    private static JsonDocument? Read(string folder, string file) =>
        Path.Combine(Checkout.Root, folder, file) is var path && File.Exists(path) ? JsonDocument.Parse(File.ReadAllText(path)) : null;

    private static string N(double number, string format = "#,0") => number.ToString(format, CultureInfo.InvariantCulture);

    /// <summary>Microseconds of CPU for one, on all cores.</summary>
    private sealed record Cost(string Path, double Service, double Postgres, double Others)
    {
        public double All => Service + Postgres + Others;
    }
}
