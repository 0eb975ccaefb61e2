using AdmitOne.Platform.Postgres;

namespace AdmitOne.Tickets.Scans;

/// <summary>One upload in one transaction: the tickets are locked, what is known of them is read, all is decided in time's order, and the difference is written.</summary>
internal sealed class OfflineMerge(TenantWork work, Guid tenantId, Guid eventId, Guid deviceId)
{
    private static readonly TimeSpan s_oldest = TimeSpan.FromDays(7);
    private static readonly TimeSpan s_furthestAhead = TimeSpan.FromHours(1);

    private readonly List<NewAttempt> _attempts = [];
    private readonly List<(Guid TicketId, TicketTimeline Timeline)> _timelines = [];
    private readonly List<(Uploaded, OfflineScanResult)> _new = [];
    private IReadOnlyList<Uploaded> _uploaded = [];
    private DoorState _door = null!;
    private Dictionary<Guid, TicketRow> _tickets = [];
    private Dictionary<string, OfflineScanResult> _known = [];
    private ILookup<Guid, PassageRow> _passages = Array.Empty<PassageRow>().ToLookup(p => p.TicketId);

    /// <summary>What was not known before, and what came of it.</summary>
    public IReadOnlyList<(Uploaded Scan, OfflineScanResult Result)> New => _new;

    /// <returns>False if there is no such event.</returns>
    public async Task<bool> ReadAsync(IReadOnlyList<Uploaded> uploaded, CancellationToken cancellationToken)
    {
        _uploaded = uploaded;
        var ids = uploaded.Select(u => u.Code?.Ticket.TicketId).OfType<Guid>().Distinct().Order().ToArray();
        _tickets = (await work.QueryAsync<TicketRow>("""
            select id, event_id, status, owner_version from tickets.tickets where tenant_id = @tenantId and id = any (@ids) order by id for no key update
            """, new { tenantId, ids }, cancellationToken)).ToDictionary(t => t.Id);
        if (await work.FindAsync<DoorRow>("""
            select status, re_entry, code_policy = 'rotating' as rotates, check_in_from, check_in_until, clock_timestamp() as now from events.sale_window where tenant_id = @tenantId and event_id = @eventId
            """, new { tenantId, eventId }, cancellationToken) is not { } door) return false;
        _door = new DoorState(eventId, door.Status, door.ReEntry, door.Rotates, door.CheckInFrom, door.CheckInUntil, door.Now);
        _known = (await work.QueryAsync<KnownRow>("""
            select scan_id, outcome, reason from tickets.offline_scans where tenant_id = @tenantId and event_id = @eventId and device_id = @deviceId and scan_id = any (@scans)
            """, new { tenantId, eventId, deviceId, scans = uploaded.Select(u => u.Scan.Id).ToArray() }, cancellationToken)).ToDictionary(k => k.ScanId, k => new OfflineScanResult(k.ScanId, k.Outcome, k.Reason));
        // What let through, and what was held out offline and could yet turn out to have been the first.
        _passages = (await work.QueryAsync<PassageRow>("""
            select id, ticket_id, scanned_at, direction = 'out' as is_out, gate, device_id, result, reason from tickets.ticket_validations
             where tenant_id = @tenantId and ticket_id = any (@ids) and event_id = @eventId
               and (result in ('admitted', 'conflict') or (offline and reason in ('already_admitted', 'not_inside')))
            """, new { tenantId, eventId, ids }, cancellationToken)).ToLookup(p => p.TicketId);
        return true;
    }

    /// <summary>Decides what is new; what is known keeps its first answer.</summary>
    public Dictionary<string, OfflineScanResult> Decide()
    {
        var arrived = new List<NewAttempt>();
        foreach (var scan in _uploaded.Where(u => !_known.ContainsKey(u.Scan.Id)))
        {
            if (Refuse(scan) is { } reason) Settle(scan, reason is ScanReasons.Malformed or ScanReasons.UnknownTicket ? null : Attempt(scan, "refused", reason), OfflineOutcomes.Refused, reason);
            else arrived.Add(Attempt(scan, "", ""));
        }
        foreach (var ofTicket in arrived.GroupBy(a => a.TicketId))
        {
            var byId = ofTicket.ToDictionary(a => a.Passage.Id);
            var timeline = TicketTimeline.Of(_passages[ofTicket.Key].Select(p => p.Passage()).Concat(byId.Values.Select(a => a.Passage)), _door.ReEntry);
            foreach (var verdict in timeline.Verdicts)
                if (byId.TryGetValue(verdict.Passage.Id, out var attempt)) Settle(attempt.Scan, attempt with { Result = verdict.Result, Reason = verdict.Reason }, verdict.Outcome, verdict.Reason);
            _timelines.Add((ofTicket.Key, timeline));
        }
        return _known;
    }

    /// <returns>False if one of the ids is known by now; nothing may be committed then.</returns>
    public async Task<bool> WriteAsync(CancellationToken cancellationToken)
    {
        if (_new.Count == 0) return true;
        await OfflineWrites.AttemptsAsync(work, (tenantId, eventId), _attempts, _door.Now, cancellationToken);
        await OfflineWrites.VerdictsAsync(work, tenantId, Changed().ToList(), cancellationToken);
        await OfflineWrites.ConflictsAsync(work, (tenantId, eventId), [.. _timelines.Select(t => t.TicketId)], Conflicts().ToList(), cancellationToken);
        await OfflineWrites.AdmissionsAsync(work, (tenantId, eventId), _timelines.Where(t => t.Timeline.First is not null).ToList(), cancellationToken);
        return await OfflineWrites.OutcomesAsync(work, (tenantId, eventId, deviceId), _new, cancellationToken);
    }

    private string? Refuse(Uploaded scan)
    {
        if (scan.Code is not { } code) return ScanReasons.Malformed;
        if (!_tickets.TryGetValue(code.Ticket.TicketId, out var ticket)) return ScanReasons.UnknownTicket;
        if (ScanReasons.FindDead(new ScannedTicket(ticket.EventId, ticket.Status, ticket.OwnerVersion, Inside: null), _door, code) is { } dead) return dead;
        if (scan.Scan.ScannedAt > _door.Now + s_furthestAhead) return ScanReasons.TooEarly;
        return scan.Scan.ScannedAt < _door.Now - s_oldest ? ScanReasons.TooLate : null;
    }

    private NewAttempt Attempt(Uploaded scan, string result, string reason) =>
        new(scan, scan.Code!.Value.Ticket.TicketId, new Passage(Guid.CreateVersion7(_door.Now), scan.Scan.ScannedAt, scan.Scan.Direction == "out", scan.At.Gate, scan.At.DeviceId), result, reason);

    private void Settle(Uploaded scan, NewAttempt? attempt, string outcome, string reason)
    {
        if (attempt is not null) _attempts.Add(attempt);
        var result = new OfflineScanResult(scan.Scan.Id, outcome, reason);
        _known[scan.Scan.Id] = result;
        _new.Add((scan, result));
    }

    /// <summary>What stood there already and has become something else by what was heard now.</summary>
    private IEnumerable<Verdict> Changed()
    {
        var before = _passages.SelectMany(p => p).ToDictionary(p => p.Id, p => (p.Result, p.Reason));
        return _timelines.SelectMany(t => t.Timeline.Verdicts).Where(v => before.TryGetValue(v.Passage.Id, out var was) && was != (v.Result, v.Reason));
    }

    private IEnumerable<(Verdict Verdict, Guid TicketId)> Conflicts() =>
        _timelines.SelectMany(t => t.Timeline.Verdicts.Where(v => v.Outcome == OfflineOutcomes.Conflict).Select(v => (v, t.TicketId)));

    private sealed class TicketRow
    {
        public Guid Id { get; init; }
        public Guid EventId { get; init; }
        public string Status { get; init; } = "";
        public short OwnerVersion { get; init; }
    }

    private sealed class DoorRow
    {
        public string Status { get; init; } = "";
        public bool ReEntry { get; init; }
        public bool Rotates { get; init; }
        public DateTimeOffset CheckInFrom { get; init; }
        public DateTimeOffset CheckInUntil { get; init; }
        public DateTimeOffset Now { get; init; }
    }

    private sealed class KnownRow
    {
        public string ScanId { get; init; } = "";
        public string Outcome { get; init; } = "";
        public string Reason { get; init; } = "";
    }

    private sealed class PassageRow
    {
        public Guid Id { get; init; }
        public Guid TicketId { get; init; }
        public DateTimeOffset ScannedAt { get; init; }
        public bool IsOut { get; init; }
        public string? Gate { get; init; }
        public Guid? DeviceId { get; init; }
        public string Result { get; init; } = "";
        public string Reason { get; init; } = "";

        public Passage Passage() => new(Id, ScannedAt, IsOut, Gate, DeviceId);
    }
}

/// <summary>One uploaded scan, as it will stand in ticket_validations.</summary>
internal sealed record NewAttempt(Uploaded Scan, Guid TicketId, Passage Passage, string Result, string Reason);
