using System.Collections.Concurrent;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Workers;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Tickets.Scans;

/// <summary>
/// Texts that were no code of ours, counted by event, gate, scanner and minute. They are counted in memory and written every few seconds: such a
/// text costs no database call, however many come.
/// </summary>
internal sealed class UnreadableScans(TimeProvider clock)
{
    // A caller who makes gates up gets one row for all of them.
    private const int MaxPlaces = 10_000;

    private readonly ConcurrentDictionary<Place, int> _counted = new();

    public void Count(Guid tenantId, Guid eventId, AtGate at)
    {
        var now = clock.GetUtcNow();
        var minute = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMinute));
        var place = new Place(tenantId, eventId, minute, at.Gate ?? "", at.DeviceId ?? Guid.Empty);
        if (_counted.Count >= MaxPlaces && !_counted.ContainsKey(place)) place = place with { Gate = "", DeviceId = Guid.Empty };
        Add(place, 1);
    }

    /// <summary>Takes out what was counted since it was last asked.</summary>
    public IReadOnlyList<(Place Place, int Texts)> Take()
    {
        var taken = new List<(Place, int)>();
        foreach (var place in _counted.Keys)
            if (_counted.TryRemove(place, out var texts)) taken.Add((place, texts));
        return taken;
    }

    public void Add(Place place, int texts) => _counted.AddOrUpdate(place, texts, (_, before) => before + texts);

    internal readonly record struct Place(Guid TenantId, Guid EventId, DateTimeOffset Minute, string Gate, Guid DeviceId);
}

/// <summary>Writes the counts of texts that were no code: one row a minute for each event, gate and scanner. A crash loses the last few seconds of them.</summary>
internal sealed class UnreadableScansWorker(Database database, UnreadableScans counted, TimeProvider clock, ILogger<UnreadableScansWorker> logger)
    : PeriodicWorker(TimeSpan.FromSeconds(5), clock, logger)
{
    protected override async Task StepAsync(CancellationToken cancellationToken)
    {
        List<Exception> faults = [];
        foreach (var tenant in counted.Take().GroupBy(c => c.Place.TenantId))
        {
            try
            {
                await WriteAsync(tenant.Key, [.. tenant], cancellationToken);
            }
            catch (Exception fault)
            {
                foreach (var (place, texts) in tenant) counted.Add(place, texts);
                faults.Add(fault);
            }
        }
        if (faults.Count > 0) throw new AggregateException(faults);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await StepAsync(cancellationToken);
    }

    // Nobody has looked whether the event is there; here it costs one look for many.
    private async Task WriteAsync(Guid tenantId, IReadOnlyList<(UnreadableScans.Place Place, int Texts)> counts, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        await work.ExecuteAsync("""
            insert into tickets.unreadable_scans (tenant_id, event_id, minute, gate, device_id, texts)
            select @tenantId, c.event_id, c.minute, c.gate, c.device_id, c.texts
              from unnest(@events, @minutes, @gates, @devices, @texts) as c (event_id, minute, gate, device_id, texts)
             where exists (select from events.sale_window w where w.tenant_id = @tenantId and w.event_id = c.event_id)
             order by c.event_id, c.minute, c.gate, c.device_id
            on conflict (tenant_id, event_id, minute, gate, device_id) do update set texts = unreadable_scans.texts + excluded.texts
            """, new
        {
            tenantId, events = counts.Select(c => c.Place.EventId).ToArray(), minutes = counts.Select(c => c.Place.Minute.UtcDateTime).ToArray(),
            gates = counts.Select(c => c.Place.Gate).ToArray(), devices = counts.Select(c => c.Place.DeviceId).ToArray(), texts = counts.Select(c => c.Texts).ToArray(),
        }, cancellationToken);
        await work.CommitAsync(cancellationToken);
    }
}
