namespace AdmitOne.Cli.Load;

/// <summary>What one service said of itself in one second. Null: it does not say.</summary>
/// <param name="CpuCores">Cores' worth of CPU since the reading before.</param>
/// <param name="PoolWaiting">Requests that wait for a connection of the database pool.</param>
/// <param name="BatchMean">Commands that a lane combined into one transaction, on average since the reading before.</param>
/// <param name="ThreadQueue">Work that waits for a thread of the pool.</param>
/// <param name="ThreadDelaySeconds">How long it waits, on average since the reading before.</param>
/// <param name="DatabaseMs">Mean duration of a command of PostgreSQL since the reading before.</param>
/// <param name="CacheReads">Since its start.</param>
public sealed record Reading(
    string Service, double AtSeconds, double? CpuCores, double? CpuCount, double? MemoryBytes, double? PoolUsed, double? PoolMax, double? PoolWaiting,
    double? BatchMean, double? ThreadQueue, double? ThreadDelaySeconds, double? DatabaseMs, double? CacheHits, double? CacheReads);

/// <summary>Asks each service for its own <c>/metrics</c> once a second while a load runs.</summary>
public sealed class ServiceWatch(IReadOnlyList<(string Service, Uri Metrics)> services, ArrivalClock clock)
{
    private static readonly TimeSpan s_every = TimeSpan.FromSeconds(1);

    private readonly List<Reading> _readings = [];
    private readonly Dictionary<string, (double At, Scrape Scrape)> _before = [];
    private readonly Lock _one = new();

    public IReadOnlyList<Reading> Readings
    {
        get
        {
            lock (_one) return [.. _readings];
        }
    }

    /// <summary>Services whose metrics could not be read: what they were short of is not known.</summary>
    public IReadOnlyCollection<string> Silent
    {
        get
        {
            lock (_one) return [.. services.Select(s => s.Service).Except(_readings.Select(r => r.Service)).Distinct()];
        }
    }

    public async Task RunAsync(CancellationToken stop)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        using var timer = new PeriodicTimer(s_every);
        try
        {
            do await Task.WhenAll(services.Select(service => ReadAsync(http, service.Service, service.Metrics, stop)));
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The load is over.
        }
    }

    private async Task ReadAsync(HttpClient http, string service, Uri metrics, CancellationToken stop)
    {
        try
        {
            var now = Scrape.Read(await http.GetStringAsync(metrics, stop));
            var at = clock.NowSeconds;
            lock (_one)
            {
                if (_before.TryGetValue(service, out var before)) _readings.Add(Compare(service, before, (at, now)));
                _before[service] = (at, now);
            }
        }
        catch (Exception away) when (away is HttpRequestException or IOException || (away is TaskCanceledException && !stop.IsCancellationRequested))
        {
            // A service too busy to answer this is asked again a second later; the gap shows.
        }
    }

    private static Reading Compare(string service, (double At, Scrape Scrape) before, (double At, Scrape Scrape) after)
    {
        var (was, now, seconds) = (before.Scrape, after.Scrape, Math.Max(0.001, after.At - before.At));
        double? Grown(string name) => now.Sum(name) is { } sum ? sum - (was.Sum(name) ?? 0) : null;
        double? Mean(string histogram) => Grown(histogram + "_count") is > 0 and { } count ? Grown(histogram + "_sum") / count : null;
        return new Reading(
            service, after.At, Grown("dotnet_process_cpu_time_seconds_total") / seconds, now.Sum("dotnet_process_cpu_count"), now.Sum("dotnet_process_memory_working_set_bytes"),
            now.Sum("db_client_connection_count", "state=\"used\""), now.Sum("db_client_connection_max"),
            // Npgsql says so only once somebody has waited.
            now.Sum("db_client_connection_npgsql_pending_requests") ?? 0,
            Mean("admitone_lane_batch_size"),
            now.Sum("admitone_thread_pool_waiting"), Mean("admitone_thread_pool_delay_seconds"),
            Mean("db_client_operation_duration_seconds") * 1000,
            (now.Sum("admitone_cache_reads_total", "tier=\"memory\"") ?? 0) + (now.Sum("admitone_cache_reads_total", "tier=\"redis\"") ?? 0), now.Sum("admitone_cache_reads_total"));
    }
}
