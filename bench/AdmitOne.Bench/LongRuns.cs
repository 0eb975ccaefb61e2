using System.Globalization;
using System.Text.RegularExpressions;
using AdmitOne.Cli.Load;
using Dapper;

namespace AdmitOne.Bench;

/// <summary>What takes longer than a pair, or is no contest: growth, a long steady run, many readers.</summary>
internal sealed partial class LongRuns(Stage stage, ProcessClock cpu, Action<string> say, string commit)
{
    private const int FewSold = 10_000;
    private const int ManySold = 1_000_000;
    private const int SoldOfTheHotType = 700_000;
    private const int Slots = 3;
    private const int Events = 10_000;

    private static readonly TimeSpan s_slot = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan s_stretch = TimeSpan.FromSeconds(10);

    private static readonly string[] s_words = ["Harbour", "Winter", "Lantern", "Jubilee", "Orchard", "Midnight"];
    private static readonly string[] s_categories = ["music", "theatre", "comedy", "sports"];
    private static readonly string[] s_orders = ["", "&sort=-createdAt"];

    private readonly Requests _requests = new(stage);

    /// <summary>What a hold of one type costs when ten thousand tickets are sold, and when a million are: of them, 700 000 of this very type.</summary>
    public async Task<Growth> GrowAsync(int connections)
    {
        var sale = await stage.PutOnSaleAsync();
        var other = await stage.PutOnSaleAsync();
        await SoldBefore.SellAsync(stage, sale, FewSold);
        var few = await HoldingAsync(sale, connections);
        say("  selling a million ...");
        await SoldBefore.SellAsync(stage, sale, SoldOfTheHotType - FewSold, already: FewSold);
        await SoldBefore.SellAsync(stage, other, ManySold - SoldOfTheHotType);
        var many = await HoldingAsync(sale, connections);
        return new Growth([few, many], commit);
    }

    private async Task<GrowthStep> HoldingAsync(Sale sale, int connections)
    {
        var slots = new List<(double Cpu, double Postgres, double PerSecond)>();
        var asked = _requests.Holds(sale);
        while (slots.Count < Slots)
        {
            var before = cpu.Read();
            var load = await ClosedLoop.RunAsync(asked, connections, (_, elapsed) => elapsed >= s_slot);
            var used = cpu.Read().ToDictionary(part => part.Key, part => (part.Value - before[part.Key]) * 1e6 / load.Made);
            slots.Add((used.Where(part => part.Key != ProcessClock.Generator).Sum(part => part.Value), used.GetValueOrDefault("PostgreSQL"), load.PerSecond));
        }
        await using var connection = stage.Superuser();
        var sold = await connection.ExecuteScalarAsync<long>("select count(*) from tickets.tickets");
        var step = new GrowthStep(sold, Row.Median(slots, s => s.Cpu), Row.Median(slots, s => s.Postgres), Row.Median(slots, s => s.PerSecond));
        say(string.Create(CultureInfo.InvariantCulture, $"  with {sold:N0} tickets in the table a hold costs {step.CpuMicrosEach:N0} us of CPU, {step.PostgresMicrosEach:N0} of them PostgreSQL's"));
        return step;
    }

    /// <summary>Holds at a steady rate, through whatever vacuums and checkpoints come.</summary>
    /// <param name="verify">Recounts everything afterwards.</param>
    public async Task<Sustained> SustainAsync(TimeSpan time, double perSecond, int connections, Func<Task<bool>> verify)
    {
        var stretches = Enumerable.Range(0, (int)Math.Ceiling(time / s_stretch)).Select(_ => (Latencies: new List<double>(), Others: new long[1])).ToArray();
        var (checkpoints, vacuums) = await EventsOfTheDatabaseAsync();
        var sales = new List<Sale>();
        while (sales.Count * 0.9 * Stage.Tickets < perSecond * time.TotalSeconds) sales.Add(await stage.PutOnSaleAsync());
        var asked = sales.Select(_requests.Holds).ToArray();
        // One event after the other is sold out, as they are.
        var next = (long n) => asked[Math.Min(asked.Length - 1, (int)(n / (0.9 * Stage.Tickets)))].Next(n);
        var load = await OpenLoop.RunAsync(new Asked(stage.TicketsUrl, next, 201), connections, perSecond, time, (at, latencyMs, good) =>
        {
            var stretch = stretches[Math.Min(stretches.Length - 1, (int)(at / s_stretch))];
            lock (stretch.Latencies) stretch.Latencies.Add(latencyMs);
            if (!good) Interlocked.Increment(ref stretch.Others[0]);
        });
        var (checkpointsAfter, vacuumsAfter) = await EventsOfTheDatabaseAsync();
        await using var connection = stage.Superuser();
        var rows = await connection.ExecuteScalarAsync<long>("select count(*) from tickets.reservations where event_id = any (@ids)", new { ids = sales.Select(s => s.EventId).ToArray() });
        if (rows != load.Made) throw new BenchException($"{load.Made} answers told of a hold and the database has {rows} rows of them");
        return new Sustained((int)time.TotalSeconds, perSecond, load.PercentileMs(0.5), load.PercentileMs(0.99), load.PercentileMs(1), load.Made, load.Others.Values.Sum(),
            checkpointsAfter - checkpoints, vacuumsAfter - vacuums, [.. stretches.Select((stretch, n) =>
            {
                double[] ascending = [.. stretch.Latencies.Order()];
                return new Stretch((int)(n * s_stretch.TotalSeconds), LoadResult.Percentile(ascending, 0.5), LoadResult.Percentile(ascending, 0.99), LoadResult.Percentile(ascending, 1),
                    ascending.Length - stretch.Others[0], stretch.Others[0]);
            })], await verify(), commit);
    }

    /// <summary>Ten thousand public events; readers of lists and of pages, while their organisers change one each second.</summary>
    public async Task<ReadHeavy> ReadAsync(int connections, TimeSpan time)
    {
        var ids = await PublishManyAsync();
        var lists = Lists();
        var pages = ids.Select(id => $"/api/v1/events/{id}").ToArray();
        // Some events are looked at far more than others: the n-th most popular n times less than the first.
        var popular = Enumerable.Range(0, 20_000).Select(_ => pages[(int)Math.Pow(pages.Length, Random.Shared.NextDouble()) - 1]).ToArray();
        var sale = await stage.PutOnSaleAsync();
        using var over = new CancellationTokenSource();
        var changing = ChangeAsync(sale, over.Token);
        await ClosedLoop.RunAsync(Requests.Page(stage.EventsUrl, lists), connections, (_, elapsed) => elapsed >= Contest.ReadsWarmUp);
        var before = await CacheReadsAsync();
        var ofLists = await ClosedLoop.RunAsync(Requests.Page(stage.EventsUrl, lists), connections, (_, elapsed) => elapsed >= time);
        var ofPages = await ClosedLoop.RunAsync(Requests.Page(stage.EventsUrl, popular), connections, (_, elapsed) => elapsed >= time);
        var after = await CacheReadsAsync();
        await over.CancelAsync();
        await changing;
        var asked = after.All - before.All;
        var found = new ReadHeavy(ids.Count, connections, (ofLists.Made + ofPages.Made) / (ofLists.Took + ofPages.Took).TotalSeconds, ofLists.PercentileMs(0.5), ofLists.PercentileMs(0.95),
            ofPages.PercentileMs(0.95), asked == 0 ? 0 : 1 - ((after.Database - before.Database) / asked), ofLists.Others.Values.Sum() + ofPages.Others.Values.Sum(), commit);
        say(string.Create(CultureInfo.InvariantCulture, $"  lists of {found.Events:N0} events: {ofLists.PerSecond:N0}/s, p95 {found.ListP95Ms:N1} ms; pages: {ofPages.PerSecond:N0}/s, p95 {found.PageP95Ms:N1} ms; cache hits {found.HitRate:P2}"));
        return found;
    }

    private async Task ChangeAsync(Sale sale, CancellationToken over)
    {
        for (var n = 1; !over.IsCancellationRequested; n++)
        {
            await stage.RenameAsync(sale.EventId, $"A Rush for Tickets {n}");
            await Task.Delay(1000, over).ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }

    // A first page of each kind, and the ways in which people narrow one down.
    private static string[] Lists() =>
    [
        .. from words in s_words.Select(word => $"&q={word}").Concat(s_categories.Select(category => $"&category={category}")).Append("")
           from order in s_orders
           select $"/api/v1/events?limit=20{words}{order}",
    ];

    private async Task<IReadOnlyList<Guid>> PublishManyAsync()
    {
        var model = await stage.PutOnSaleAsync();
        await using var connection = stage.Superuser();
        var columns = await connection.ExecuteScalarAsync<string>("""
            select string_agg(quote_ident(attname), ', ') from pg_attribute
             where attrelid = 'events.events'::regclass and attnum > 0 and not attisdropped and attgenerated = '' and attname not in ('id', 'slug', 'name', 'category_slug', 'starts_at', 'ends_at', 'search')
            """);
        await connection.ExecuteAsync($"""
            insert into events.events (id, slug, name, category_slug, starts_at, ends_at, {columns})
            select gen_random_uuid(), e.slug || '-' || n, (@words)[1 + n % 6] || ' Night ' || n / 10, (@categories)[1 + n % 4],
                   e.starts_at + n * interval '1 minute', e.ends_at + n * interval '1 minute', {columns}
              from events.events e, generate_series(1, @Events) as n where e.id = @EventId
            """, new { Events, model.EventId, words = s_words, categories = s_categories });
        await connection.ExecuteAsync("analyze events.events");
        return (await connection.QueryAsync<Guid>("select id from events.events where tenant_id = @Tenant and status in ('published', 'on_sale') and visibility = 'public'", new { stage.Tenant })).AsList();
    }

    private async Task<(double All, double Database)> CacheReadsAsync()
    {
        using var client = new HttpClient();
        var reads = CacheReads().Matches(await client.GetStringAsync(new Uri(stage.Run.Metrics!.Events))).ToDictionary(m => m.Groups[1].Value, m => double.Parse(m.Groups[2].Value, CultureInfo.InvariantCulture));
        return (reads.Values.Sum(), reads.GetValueOrDefault("database"));
    }

    private async Task<(int Checkpoints, int Vacuums)> EventsOfTheDatabaseAsync()
    {
        await using var connection = stage.Superuser();
        return await connection.QuerySingleAsync<(int, int)>("""
            select (select checkpoints_timed + checkpoints_req from pg_stat_bgwriter)::int, (select sum(autovacuum_count + autoanalyze_count) from pg_stat_user_tables)::int
            """);
    }

    [GeneratedRegex("""^admitone_cache_reads_total\{[^}]*tier="(\w+)"[^}]*\} ([0-9.eE+]+)""", RegexOptions.Multiline)]
    private static partial Regex CacheReads();
}
