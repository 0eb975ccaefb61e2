using System.Collections.Concurrent;

namespace AdmitOne.Tickets.Reports;

/// <summary>
/// A report of an event that is read once for everybody who asks meanwhile, and again after a second at the earliest: an event so big that it takes longer
/// rests four times as long as its report took, so that one that is watched all the time has a fifth of a connection.
/// </summary>
/// <param name="readAsync">Reads the report of an event of a tenant. Nobody's leaving ends what others wait for, so it ends by its own limits.</param>
/// <param name="isKept">Whether an answer may be given to the next who asks.</param>
internal sealed class SharedReport<T>(Func<Guid, Guid, Task<T>> readAsync, Func<T, bool> isKept, TimeProvider clock)
{
    private const int MaxKept = 1_000;
    private const int RestFactor = 4;
    private static readonly TimeSpan s_leastRest = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<(Guid TenantId, Guid EventId), Lazy<Reading>> _readings = new();

    public Task<T> ReadAsync(Guid tenantId, Guid eventId, CancellationToken cancellationToken)
    {
        if (_readings.Count >= MaxKept) _readings.Clear();
        var reading = _readings.AddOrUpdate((tenantId, eventId), New, (key, before) => IsGood(before.Value) ? before : New(key));
        return reading.Value.Report.WaitAsync(cancellationToken);
    }

    // Of two that add at once one is used, and only that one reads.
    private Lazy<Reading> New((Guid TenantId, Guid EventId) key) => new(() =>
    {
        var reading = new Reading(clock.GetTimestamp());
        reading.Report = RunAsync(key.TenantId, key.EventId, reading);
        return reading;
    });

    private bool IsGood(Reading reading) => !reading.Report.IsCompleted
        || (reading.Report.IsCompletedSuccessfully && isKept(reading.Report.Result) && clock.GetElapsedTime(reading.BegunAt) < reading.Keep);

    private async Task<T> RunAsync(Guid tenantId, Guid eventId, Reading reading)
    {
        await Task.Yield();
        var report = await readAsync(tenantId, eventId);
        var took = clock.GetElapsedTime(reading.BegunAt);
        reading.Keep = took + (RestFactor * took > s_leastRest ? RestFactor * took : s_leastRest);
        return report;
    }

    private sealed class Reading(long begunAt)
    {
        public long BegunAt { get; } = begunAt;
        public Task<T> Report { get; set; } = null!;
        public TimeSpan Keep { get; set; }
    }
}
