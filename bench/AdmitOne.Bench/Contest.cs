using AdmitOne.Cli.Local;
using Dapper;
using Npgsql;

namespace AdmitOne.Bench;

/// <summary>How long and how often is measured.</summary>
/// <param name="Product">One slot of the product.</param>
/// <param name="EachYardstick">One run of pgbench, of which a slot has one for each number of clients.</param>
internal sealed record Pace(TimeSpan Product, TimeSpan EachYardstick, int Pairs);

/// <summary>Lets a yardstick and the product take turns: A-B-A-B-A-B, so that whatever else the machine does happens to both.</summary>
internal sealed class Contest(Stage stage, Pgbench pgbench, Pace pace, CpuClock cpu, Action<string> say)
{
    private const int MorePairs = 2;
    private const string LeanDatabase = "yardstick";

    /// <summary>Makes the yardstick's own database; its tables have nothing to do with ours.</summary>
    public async Task PrepareAsync()
    {
        await using (var connection = new NpgsqlConnection(stage.Run.Postgres.ConnectionString()))
            await connection.ExecuteAsync($"create database {LeanDatabase}");
        await using var lean = new NpgsqlConnection(Lean.Address.ConnectionString());
        await lean.ExecuteAsync(await File.ReadAllTextAsync(pgbench.Yardstick("hold_lean_schema.sql")));
    }

    /// <summary>Every buyer holds once, for the first time: warms everything up, and says what people nobody has seen before cost.</summary>
    public async Task<double> WarmUpAsync(int connections)
    {
        var sale = await stage.PutOnSaleAsync();
        var load = await ClosedLoop.RunAsync(stage.TicketsUrl, connections, stage.Holds(sale), (n, _) => n >= Stage.Buyers);
        await CheckAsync(load, "select count(*) from tickets.reservations where event_id = @EventId", sale);
        return load.PerSecond;
    }

    public Task<IReadOnlyList<Pair>> HoldsAsync(int connections) => PairsAsync(
        async () => (await CheckedAsync(Lean, "hold_lean.sql", new Dictionary<string, string>(), "select count(*) from holds")),
        async sale => (await CheckAsync(
            await ClosedLoop.RunAsync(stage.TicketsUrl, connections, stage.Holds(sale), (_, elapsed) => elapsed >= pace.Product),
            "select count(*) from tickets.reservations where event_id = @EventId and quantity = 1", sale)));

    public Task<IReadOnlyList<Pair>> PurchasesAsync(int connections) => PairsAsync(
        async () =>
        {
            var sale = await stage.PutOnSaleAsync();
            var variables = new Dictionary<string, string> { ["event"] = $"{sale.EventId}", ["section"] = $"{sale.SectionId}", ["type"] = $"{sale.TicketTypeId}" };
            return await CheckedAsync(stage.ServiceSession(), "purchase_same.sql", variables, $"select count(*) from tickets.tickets where event_id = '{sale.EventId}'", stage.Run.Postgres.ConnectionString());
        },
        async sale => await CheckAsync(
            await ClosedLoop.RunAsync(stage.TicketsUrl, connections, stage.Purchases(sale), (_, elapsed) => elapsed >= pace.Product),
            "select count(*) from tickets.tickets t join tickets.orders o on o.tenant_id = t.tenant_id and o.id = t.order_id and o.status = 'paid' where t.event_id = @EventId", sale));

    private PgSession Lean => new(stage.Run.Postgres with { Database = LeanDatabase }, "");

    private async Task<IReadOnlyList<Pair>> PairsAsync(Func<Task<PgbenchResult>> yardstick, Func<Sale, Task<LoadResult>> product)
    {
        var pairs = new List<Pair>();
        while (pairs.Count < pace.Pairs || (pairs.Count < pace.Pairs + MorePairs && pairs.Max(p => p.Ratio) > Row.FarApart * pairs.Min(p => p.Ratio)))
        {
            var best = await yardstick();
            var sale = await stage.PutOnSaleAsync();
            var before = cpu.Read();
            var load = await product(sale);
            pairs.Add(PairOf(load, best, before, cpu.Read()));
            var pair = pairs[^1];
            say($"  {pair.PerSecond,7:N0}/s beside {pair.YardstickPerSecond,6:N0}/s (pgbench, {pair.YardstickClients} clients): {pair.Ratio:N2} x; p95 {pair.P95Ms:N1} ms; generator {pair.GeneratorCpuShare:P0} of the CPU");
        }
        return pairs;
    }

    private static Pair PairOf(LoadResult load, PgbenchResult best, IReadOnlyDictionary<string, double> before, IReadOnlyDictionary<string, double> after)
    {
        var used = after.ToDictionary(part => part.Key, part => part.Value - before[part.Key]);
        return new Pair(load.PerSecond, best.PerSecond, best.Clients, load.PerSecond / best.PerSecond,
            load.PercentileMs(0.5), load.PercentileMs(0.95), load.PercentileMs(0.99), load.Made, load.Others.Values.Sum(),
            used.ToDictionary(part => part.Key, part => part.Value * 1e6 / load.Made),
            used.GetValueOrDefault("load generator") / (load.Took.TotalSeconds * Environment.ProcessorCount));
    }

    /// <summary>The best of all numbers of clients, once the rows are as many as the transactions that pgbench reports.</summary>
    private async Task<PgbenchResult> CheckedAsync(PgSession session, string file, IReadOnlyDictionary<string, string> variables, string count, string? countAs = null)
    {
        await using var connection = new NpgsqlConnection(countAs ?? session.Address.ConnectionString());
        var before = await connection.ExecuteScalarAsync<long>(count);
        var results = await pgbench.RunAsync(session, file, pace.EachYardstick, variables);
        var rows = await connection.ExecuteScalarAsync<long>(count) - before;
        var reported = results.Sum(r => r.Transactions);
        if (rows != reported) throw new BenchException($"pgbench reports {reported} transactions of {file} and the database has {rows} rows of them");
        return results.MaxBy(r => r.PerSecond)!;
    }

    /// <summary>An answer counts if it had its effect: as many rows as answers 201, or nothing of this run counts.</summary>
    private async Task<LoadResult> CheckAsync(LoadResult load, string count, Sale sale)
    {
        await using var connection = new NpgsqlConnection(stage.Run.Postgres.ConnectionString());
        var rows = await connection.ExecuteScalarAsync<long>(count, sale);
        if (rows != load.Made) throw new BenchException($"{load.Made} answers said 201 and the database has {rows} rows of them");
        if (load.Made == 0) throw new BenchException($"no answer was 201; the first: {load.FirstOther}");
        if (load.FirstOther is not null) say($"  {load.Others.Values.Sum()} answers were not 201; the first: {load.FirstOther.Split("\r\n\r\n")[^1]}");
        return load;
    }
}
