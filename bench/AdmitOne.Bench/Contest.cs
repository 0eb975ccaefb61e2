using System.Globalization;
using AdmitOne.Cli.Load;
using AdmitOne.Cli.Local;
using Dapper;
using Npgsql;

namespace AdmitOne.Bench;

/// <summary>How long and how often is measured.</summary>
/// <param name="Product">One slot of the product; a bare endpoint gets as much.</param>
/// <param name="EachYardstick">One run of pgbench, of which a slot has one for each number of clients.</param>
internal sealed record Pace(TimeSpan Product, TimeSpan EachYardstick, int Pairs);

/// <summary>What a yardstick came to.</summary>
internal readonly record struct Beside(int Clients, double PerSecond);

/// <summary>Lets a yardstick and the product take turns: A-B-A-B-A-B, so that whatever else the machine does happens to both.</summary>
internal sealed class Contest(Stage stage, Pgbench pgbench, Pace pace, ProcessClock cpu, Action<string> say)
{
    private const int MorePairs = 2;
    private const string LeanDatabase = "yardstick";
    private const string CountHolds = "select count(*) from tickets.reservations where event_id = @EventId and quantity = 1";

    /// <summary>How long reads are warmed up: until .NET has compiled their path for the last time.</summary>
    public static readonly TimeSpan ReadsWarmUp = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(5);

    private readonly Requests _requests = new(stage);
    private Sale? _owned;

    /// <summary>Makes the yardsticks' own database; its tables have nothing to do with ours.</summary>
    public async Task PrepareAsync()
    {
        await using (var connection = stage.Superuser()) await connection.ExecuteAsync($"create database {LeanDatabase}");
        await using var lean = new NpgsqlConnection(Lean.Address.ConnectionString() + Stage.Patience);
        foreach (var schema in new[] { "hold_lean_schema.sql", "scan_lean_schema.sql" }) await lean.ExecuteAsync(await File.ReadAllTextAsync(pgbench.Yardstick(schema)));
    }

    /// <summary>Every buyer holds once, for the first time: warms everything up, and says what people nobody has seen before cost.</summary>
    public async Task<double> WarmUpAsync(int connections)
    {
        var sale = await stage.PutOnSaleAsync();
        var load = await ClosedLoop.RunAsync(_requests.Holds(sale), connections, (n, _) => n >= Stage.Buyers);
        await CheckAsync(load, CountHolds, sale);
        return load.PerSecond;
    }

    public Task<IReadOnlyList<Pair>> MeasureAsync(string path, int connections) => path switch
    {
        Paths.HoldHot => HoldsAsync(connections, "hold_lean.sql", types: 1),
        Paths.Hold20 => HoldsAsync(connections, "hold_lean_20.sql", types: 20),
        Paths.PurchaseHot => PurchasesAsync(connections),
        Paths.Scan => ScansAsync(connections),
        Paths.EventPage => ReadsAsync(connections, async () => Requests.Page(stage.EventsUrl, $"/api/v1/events/{(await OwnedAsync()).EventId}")),
        Paths.Availability => ReadsAsync(connections, async () => Requests.Page(stage.TicketsUrl, $"/api/v1/events/{(await OwnedAsync()).EventId}/availability")),
        Paths.MyTickets => ReadsAsync(connections, async () =>
        {
            await OwnedAsync();
            return _requests.MyTickets();
        }),
        _ => throw new BenchException($"there is no path {path}: {string.Join(", ", Paths.All)}"),
    };

    /// <summary>Latencies at shares of a throughput, with arrivals on a clock.</summary>
    public async Task<IReadOnlyList<(double Share, LoadResult Load, double Asked)>> AtRatesAsync(string path, int connections, double throughput, TimeSpan each)
    {
        var found = new List<(double, LoadResult, double)>();
        foreach (var share in new[] { 0.25, 0.5, 0.75 })
        {
            var perSecond = throughput * share;
            var load = await OpenAsync(path, perSecond, each, connections);
            say(string.Create(CultureInfo.InvariantCulture, $"  {path} at {perSecond:N0}/s on a clock: p50 {load.PercentileMs(0.5):N1} ms, p95 {load.PercentileMs(0.95):N1} ms, p99 {load.PercentileMs(0.99):N1} ms"));
            found.Add((share, load, perSecond));
        }
        return found;
    }

    private async Task<LoadResult> OpenAsync(string path, double perSecond, TimeSpan time, int connections)
    {
        if (path == Paths.EventPage)
        {
            return await OpenLoop.RunAsync(Requests.Page(stage.EventsUrl, $"/api/v1/events/{(await OwnedAsync()).EventId}"), connections, perSecond, time);
        }
        if (path == Paths.Scan)
        {
            var (door, tickets) = await DoorAsync(perSecond * time.TotalSeconds);
            var scans = await OpenLoop.RunAsync(await _requests.ScansAsync(door, tickets), connections, perSecond, time);
            await CheckAsync(scans, CountAdmitted, door);
            return scans;
        }
        var sale = await stage.PutOnSaleAsync();
        var buys = path == Paths.PurchaseHot;
        var load = await OpenLoop.RunAsync(buys ? _requests.Purchases(sale) : _requests.Holds(sale), connections, perSecond, time);
        await CheckAsync(load, buys ? CountPaid : CountHolds, sale);
        return load;
    }

    private const string CountPaid =
        "select count(*) from tickets.tickets t join tickets.orders o on o.tenant_id = t.tenant_id and o.id = t.order_id and o.status = 'paid' where t.event_id = @EventId";

    private const string CountAdmitted =
        "select count(*) from tickets.admissions a join tickets.ticket_validations v on v.tenant_id = a.tenant_id and v.id = a.validation_id and v.result = 'admitted' where a.event_id = @EventId";

    private Task<IReadOnlyList<Pair>> HoldsAsync(int connections, string file, int types) => PairsAsync(
        () => CheckedAsync(Lean, file, new Dictionary<string, string>(), "select count(*) from holds"),
        async () =>
        {
            var sale = await stage.PutOnSaleAsync(types);
            var asked = _requests.Holds(sale);
            return new Turn(() => ClosedLoop.RunAsync(asked, connections, Enough), load => CheckAsync(load, CountHolds, sale));
        });

    private async Task<IReadOnlyList<Pair>> PurchasesAsync(int connections)
    {
        await ClosedLoop.RunAsync(_requests.Purchases(await stage.PutOnSaleAsync()), connections, (_, elapsed) => elapsed >= s_warmUp);
        return await PairsAsync(
            async () =>
            {
                var sale = await stage.PutOnSaleAsync();
                var variables = new Dictionary<string, string> { ["event"] = $"{sale.EventId}", ["section"] = $"{sale.SectionId}", ["type"] = $"{sale.TicketTypeId}" };
                return await CheckedAsync(stage.ServiceSession(), "purchase_same.sql", variables, $"select count(*) from tickets.tickets where event_id = '{sale.EventId}'", stage.Run.Postgres.ConnectionString());
            },
            async () =>
            {
                var sale = await stage.PutOnSaleAsync();
                var asked = _requests.Purchases(sale);
                return new Turn(() => ClosedLoop.RunAsync(asked, connections, Enough), load => CheckAsync(load, CountPaid, sale));
            });
    }

    private async Task<IReadOnlyList<Pair>> ScansAsync(int connections)
    {
        await (await ScansOfAsync(connections, s_warmUp)).RunAsync();
        return await PairsAsync(
            () => CheckedAsync(Lean, "scan_lean.sql", new Dictionary<string, string>(), "select count(*) from scans"),
            () => ScansOfAsync(connections, pace.Product));
    }

    // As many tickets as could be scanned in that time if the service did twice what it is to do.
    private async Task<Turn> ScansOfAsync(int connections, TimeSpan time)
    {
        var (sale, tickets) = await DoorAsync(SoldBefore.EachOrder * time.TotalSeconds * 3_000);
        var asked = await _requests.ScansAsync(sale, tickets);
        return new Turn(() => ClosedLoop.RunAsync(asked, connections, (n, elapsed) => n >= tickets.Count || elapsed >= time), load => CheckAsync(load, CountAdmitted, sale));
    }

    // An event whose doors are open, and at least so many tickets of it.
    private async Task<(Sale Sale, IReadOnlyList<Guid> Tickets)> DoorAsync(double tickets)
    {
        var sale = await stage.PutOnSaleAsync(startsIn: TimeSpan.FromHours(1));
        await SoldBefore.SellAsync(stage, sale, SoldBefore.EachOrder * ((long)(tickets / SoldBefore.EachOrder) + 1));
        await using var connection = stage.Superuser();
        return (sale, await SoldBefore.TicketsAsync(connection, sale));
    }

    // The bare endpoint answers what the product answered to the first request.
    private async Task<IReadOnlyList<Pair>> ReadsAsync(int connections, Func<Task<Asked>> what)
    {
        var asked = await what();
        var answer = await OneAsync(asked);
        var body = answer[(answer.AsSpan().IndexOf("\r\n\r\n"u8) + 4)..];
        using var bare = await BareEndpoint.StartAsync(Whole(answer, body));
        var simple = Requests.Page(bare.Url, "/");
        await ClosedLoop.RunAsync(simple, connections, (_, elapsed) => elapsed >= s_warmUp);
        await ClosedLoop.RunAsync(asked, connections, (_, elapsed) => elapsed >= ReadsWarmUp);
        return await PairsAsync(
            async () => new Beside(connections, (await ClosedLoop.RunAsync(simple, connections, Enough)).PerSecond),
            () => Task.FromResult(new Turn(() => ClosedLoop.RunAsync(asked, connections, Enough), _ => Task.CompletedTask)));
    }

    private static async Task<byte[]> OneAsync(Asked asked)
    {
        using var connection = (await LoadConnection.OpenAsync(asked.Url, 1))[0];
        return await connection.SendAsync(asked.Next(0)) == asked.Status ? connection.LastBytes : throw new BenchException($"expected {asked.Status}: {connection.LastAnswer}");
    }

    // A chunked answer has one chunk: its length in hexadecimal, a line break, the bytes, and the end of chunks.
    private static byte[] Whole(byte[] answer, byte[] body)
    {
        if (answer.AsSpan().IndexOf("\r\nTransfer-Encoding: chunked\r\n"u8) < 0) return body;
        var start = body.AsSpan().IndexOf("\r\n"u8) + 2;
        return body[start..(body.AsSpan().LastIndexOf("\r\n0\r\n"u8))];
    }

    private bool Enough(long n, TimeSpan elapsed) => elapsed >= pace.Product;

    // One event with its tickets sold, four to each buyer: what is read.
    private async Task<Sale> OwnedAsync()
    {
        if (_owned is not null) return _owned;
        _owned = await stage.PutOnSaleAsync();
        await SoldBefore.SellAsync(stage, _owned, SoldBefore.EachOrder * (long)Stage.Buyers);
        return _owned;
    }

    private PgSession Lean => new(stage.Run.Postgres with { Database = LeanDatabase }, "");

    private async Task<IReadOnlyList<Pair>> PairsAsync(Func<Task<Beside>> yardstick, Func<Task<Turn>> prepare)
    {
        var pairs = new List<Pair>();
        while (pairs.Count < pace.Pairs || (pace.Pairs > 1 && pairs.Count < pace.Pairs + MorePairs && pairs.Max(p => p.Ratio) > Row.FarApart * pairs.Min(p => p.Ratio)))
        {
            var product = await prepare();
            var best = await yardstick();
            var before = cpu.Read();
            var load = await product.RunAsync();
            var after = cpu.Read();   // the counting of rows is not what is measured
            await product.CheckAsync(load);
            pairs.Add(PairOf(load, best, before, after));
            var pair = pairs[^1];
            say(string.Create(CultureInfo.InvariantCulture, $"  {pair.PerSecond,7:N0}/s beside {pair.YardstickPerSecond,6:N0}/s (best at {pair.YardstickClients}): {pair.Ratio:N2} x; p95 {pair.P95Ms:N1} ms; CPU us each {string.Join(", ", pair.CpuMicrosEach.Select(part => string.Create(CultureInfo.InvariantCulture, $"{part.Key} {part.Value:N0}")))}"));
        }
        return pairs;
    }

    private static Pair PairOf(LoadResult load, Beside best, IReadOnlyDictionary<string, double> before, IReadOnlyDictionary<string, double> after)
    {
        if (load.Made == 0) throw new BenchException($"no answer was the expected one; the first: {load.FirstOther}");
        var used = after.ToDictionary(part => part.Key, part => part.Value - before[part.Key]);
        return new Pair(load.PerSecond, best.PerSecond, best.Clients, load.PerSecond / best.PerSecond,
            load.PercentileMs(0.5), load.PercentileMs(0.95), load.PercentileMs(0.99), load.Made, load.Others.Values.Sum(),
            used.ToDictionary(part => part.Key, part => part.Value * 1e6 / load.Made),
            used.GetValueOrDefault("load generator") / (load.Took.TotalSeconds * Environment.ProcessorCount));
    }

    /// <summary>The best of all numbers of clients, once the rows are as many as the transactions that pgbench reports.</summary>
    private async Task<Beside> CheckedAsync(PgSession session, string file, IReadOnlyDictionary<string, string> variables, string count, string? countAs = null)
    {
        await using var connection = new NpgsqlConnection((countAs ?? session.Address.ConnectionString()) + Stage.Patience);
        var before = await connection.ExecuteScalarAsync<long>(count);
        var results = await pgbench.RunAsync(session, file, pace.EachYardstick, variables);
        var rows = await connection.ExecuteScalarAsync<long>(count) - before;
        var reported = results.Sum(r => r.Transactions);
        if (rows != reported) throw new BenchException($"pgbench reports {reported} transactions of {file} and the database has {rows} rows of them");
        var best = results.MaxBy(r => r.PerSecond)!;
        return new Beside(best.Clients, best.PerSecond);
    }

    /// <summary>An answer counts if it had its effect: as many rows as good answers, or nothing of this run counts.</summary>
    private async Task CheckAsync(LoadResult load, string count, Sale sale)
    {
        await using var connection = stage.Superuser();
        // Believed to be as small as before the run, they would be compared row by row.
        await connection.ExecuteAsync("analyze tickets.reservations, tickets.orders, tickets.tickets, tickets.admissions, tickets.ticket_validations");
        var rows = await connection.ExecuteScalarAsync<long>(count, new { sale.EventId });
        if (rows != load.Made) throw new BenchException($"{load.Made} answers told of an effect and the database has {rows} rows of them");
        if (load.Made == 0) throw new BenchException($"no answer was the expected one; the first: {load.FirstOther}");
        if (load.FirstOther is not null) say($"  {load.Others.Values.Sum()} answers were others; the first: {load.FirstOther.Split("\r\n\r\n")[^1]}");
    }

    /// <summary>The product's turn: what is measured, and afterwards whether it had its effect.</summary>
    private sealed record Turn(Func<Task<LoadResult>> RunAsync, Func<LoadResult, Task> CheckAsync);
}
