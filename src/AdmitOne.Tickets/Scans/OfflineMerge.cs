using AdmitOne.Platform.Postgres;

namespace AdmitOne.Tickets.Scans;

/// <summary>One upload in one transaction: the tickets are locked, what is known of them is read, all is decided in time's order, and the difference is written.</summary>
/// <param name="owner">Whose ids the scans have: a registered scanner, or the person who uploads.</param>
/// <param name="byStaff">The owner is a person.</param>
internal sealed class OfflineMerge(TenantWork work, Guid tenantId, Guid eventId, Guid owner, bool byStaff)
{
    private readonly List<NewAttempt> _attempts = [];
    private readonly List<(Guid TicketId, TicketTimeline Timeline)> _timelines = [];
    private readonly List<(Uploaded, OfflineScanResult)> _new = [];
    private readonly Dictionary<(string Id, string CodeHash), OfflineScanResult> _results = [];
    private IReadOnlyList<Uploaded> _uploaded = [];
    private DoorState _door = null!;
    private EventHistory _event = null!;
    private Dictionary<Guid, TicketRow> _tickets = [];
    private Dictionary<Guid, TicketHistory> _histories = [];
    private Dictionary<string, KnownRow> _known = [];
    private HashSet<(string Id, string CodeHash)> _ofColleagues = [];
    private ILookup<Guid, PassageRow> _passages = Array.Empty<PassageRow>().ToLookup(p => p.TicketId);

    /// <summary>What was not known before, and what came of it.</summary>
    public IReadOnlyList<(Uploaded Scan, OfflineScanResult Result)> New => _new;

    /// <returns>False if there is no such event.</returns>
    public async Task<bool> ReadAsync(IReadOnlyList<Uploaded> uploaded, CancellationToken cancellationToken)
    {
        _uploaded = [.. uploaded.DistinctBy(u => u.Key)];
        var ids = uploaded.Select(u => u.Code?.Ticket.TicketId).OfType<Guid>().Distinct().Order().ToArray();
        _tickets = (await work.QueryAsync<TicketRow>("""
            select id, event_id, status, owner_version, created_at, updated_at from tickets.tickets
             where tenant_id = @tenantId and id = any (@ids) order by id for no key update
            """, new { tenantId, ids }, cancellationToken)).ToDictionary(t => t.Id);
        if (await work.FindAsync<DoorRow>("""
            select status, re_entry, code_policy = 'rotating' as rotates, check_in_from, check_in_until, clock_timestamp() as now from events.sale_window where tenant_id = @tenantId and event_id = @eventId
            """, new { tenantId, eventId }, cancellationToken) is not { } door) return false;
        _door = new DoorState(eventId, door.Status, door.ReEntry, door.Rotates, door.CheckInFrom, door.CheckInUntil, door.Now);
        _event = new EventHistory(door.Status, [.. await work.QueryAsync<(DateTimeOffset, string, string)>("""
            select at, from_status, to_status from events.status_changes where tenant_id = @tenantId and event_id = @eventId order by at
            """, new { tenantId, eventId }, cancellationToken)]);
        var changes = (await TicketChangeRow.ReadAsync(work, tenantId, ids, cancellationToken)).ToLookup(c => c.TicketId, c => c.Change());
        _histories = _tickets.Values.ToDictionary(t => t.Id, t => TicketHistory.Of(t.CreatedAt, [.. changes[t.Id]], new TicketChange(t.UpdatedAt, t.Status, t.OwnerVersion)));
        var scans = uploaded.Select(u => u.Scan.Id).Distinct().ToArray();
        _known = (await work.QueryAsync<KnownRow>("""
            select scan_id, code_hash, outcome, reason from tickets.offline_scans
             where tenant_id = @tenantId and event_id = @eventId and device_id = @owner and scan_id = any (@scans)
            """, new { tenantId, eventId, owner, scans }, cancellationToken)).ToDictionary(k => k.ScanId);
        if (byStaff)
        {
            _ofColleagues = (await work.QueryAsync<KnownRow>("""
                select scan_id, code_hash from tickets.offline_scans o
                 where tenant_id = @tenantId and event_id = @eventId and device_id <> @owner and scan_id = any (@scans)
                   and not exists (select from tickets.devices d where d.tenant_id = o.tenant_id and d.id = o.device_id)
                """, new { tenantId, eventId, owner, scans }, cancellationToken)).Select(k => (k.ScanId, Convert.ToHexString(k.CodeHash))).ToHashSet();
        }
        // What let through, and all that was uploaded.
        _passages = (await PassageRow.ReadAsync(work, (tenantId, eventId), ids, cancellationToken)).ToLookup(p => p.TicketId);
        return true;
    }

    /// <summary>Decides what is new; what is known keeps its first answer.</summary>
    public void Decide()
    {
        var arrived = new List<NewAttempt>();
        var codesOfIds = _known.ToDictionary(k => k.Key, k => k.Value.CodeHash.Length == 0 ? null : Convert.ToHexString(k.Value.CodeHash));
        foreach (var scan in _uploaded)
        {
            if (!codesOfIds.TryAdd(scan.Scan.Id, scan.CodeHash))
            {
                // An id of an earlier version's upload came without its code's hash.
                if (codesOfIds[scan.Scan.Id] is { } hash && hash != scan.CodeHash) RefuseReused(scan);
                else _results[scan.Key] = _known[scan.Scan.Id].Answer();
            }
            else if (AnswerOfColleague(scan) is { } answer)
            {
                _results[scan.Key] = answer;
            }
            else if (Refuse(scan) is { } reason)
            {
                Settle(scan, reason is ScanReasons.Malformed or ScanReasons.UnknownTicket ? null : Attempt(scan, "refused", reason), OfflineOutcomes.Refused, reason);
            }
            else
            {
                arrived.Add(Attempt(scan, "", ""));
            }
        }
        foreach (var ofTicket in arrived.GroupBy(a => a.TicketId))
        {
            var byId = ofTicket.ToDictionary(a => a.Passage.Id);
            var before = _passages[ofTicket.Key].Where(p => p.Counts).Select(p => p.Passage(_histories[ofTicket.Key]));
            var timeline = TicketTimeline.Of(before.Concat(byId.Values.Select(a => a.Passage)), _door.ReEntry);
            foreach (var verdict in timeline.Verdicts)
                if (byId.TryGetValue(verdict.Passage.Id, out var attempt)) Settle(attempt.Scan, attempt with { Result = verdict.Result, Reason = verdict.Reason }, verdict.Outcome, verdict.Reason);
            _timelines.Add((ofTicket.Key, timeline));
        }
    }

    public OfflineScanResult ResultOf(Uploaded scan) => _results[scan.Key];

    /// <returns>False if one of the ids is known by now; nothing may be committed then.</returns>
    public async Task<bool> WriteAsync(CancellationToken cancellationToken)
    {
        if (_new.Count == 0) return true;
        await OfflineWrites.AttemptsAsync(work, (tenantId, eventId), _attempts, _door.Now, cancellationToken);
        await OfflineWrites.VerdictsAsync(work, tenantId, Changed().ToList(), cancellationToken);
        await OfflineWrites.ConflictsAsync(work, (tenantId, eventId), [.. _timelines.Select(t => t.TicketId)], Conflicts().ToList(), cancellationToken);
        await OfflineWrites.AdmissionsAsync(work, (tenantId, eventId), Admitted().ToList(), cancellationToken);
        return await OfflineWrites.OutcomesAsync(work, (tenantId, eventId, owner), [.. _new.Where(n => n.Item2.Reason != ScanReasons.ScanIdReused)], cancellationToken);
    }

    private string? Refuse(Uploaded scan)
    {
        if (scan.Code is not { } code) return ScanReasons.Malformed;
        return _tickets.TryGetValue(code.Ticket.TicketId, out var ticket)
            ? UploadRules.Refuse(new UploadedScan(code, scan.ScannedAt, scan.IsOut), ticket.EventId, _histories[ticket.Id], _door, _event)
            : ScanReasons.UnknownTicket;
    }

    // The same scan, uploaded by another person: a phone changes hands before it is online again.
    private OfflineScanResult? AnswerOfColleague(Uploaded scan) =>
        _ofColleagues.Contains(scan.Key) && scan.Code is { } code && Recorded(Attempt(scan, "", "").Passage, code.Ticket.TicketId).FirstOrDefault() is { } recorded
            ? new OfflineScanResult(scan.Scan.Id, recorded.Outcome, recorded.Reason)
            : null;

    private IEnumerable<PassageRow> Recorded(Passage passage, Guid ticketId) =>
        _passages[ticketId].Where(p => p.Offline && (p.ScannedAt, p.Gate, p.DeviceId, p.IsOut) == (passage.At, passage.Gate, passage.DeviceId, passage.IsOut));

    // It is written down once: its id cannot say that it has been.
    private void RefuseReused(Uploaded scan)
    {
        _results[scan.Key] = new OfflineScanResult(scan.Scan.Id, OfflineOutcomes.Refused, ScanReasons.ScanIdReused);
        if (scan.Code is not { } code || !_tickets.ContainsKey(code.Ticket.TicketId)) return;
        var attempt = Attempt(scan, "refused", ScanReasons.ScanIdReused);
        if (Recorded(attempt.Passage, attempt.TicketId).All(p => p.Reason != ScanReasons.ScanIdReused)) Settle(scan, attempt, OfflineOutcomes.Refused, ScanReasons.ScanIdReused);
    }

    private NewAttempt Attempt(Uploaded scan, string result, string reason)
    {
        var ticket = scan.Code!.Value.Ticket;
        var id = Guid.CreateVersion7(_door.Now);
        var passage = new Passage(id, scan.ScannedAt, scan.IsOut, scan.At.Gate, scan.At.DeviceId, OwnerVersion: ticket.OwnerVersion);
        return new NewAttempt(scan, ticket.TicketId, passage, result, reason);
    }

    private void Settle(Uploaded scan, NewAttempt? attempt, string outcome, string reason)
    {
        if (attempt is not null) _attempts.Add(attempt);
        var result = new OfflineScanResult(scan.Scan.Id, outcome, reason);
        _results[scan.Key] = result;
        _new.Add((scan, result));
    }

    /// <summary>What stood there already and has become something else by what was heard now.</summary>
    private IEnumerable<Verdict> Changed()
    {
        var before = _passages.SelectMany(p => p).ToDictionary(p => p.Id, p => (p.Result, p.Reason));
        return _timelines.SelectMany(t => t.Timeline.Verdicts).Where(v => before.TryGetValue(v.Passage.Id, out var was) && was != (v.Result, v.Reason));
    }

    // Who was let in twice; and who was let in by what did not count, with nobody beside them yet.
    private IEnumerable<Conflict> Conflicts() =>
    [
        .. _timelines.SelectMany(t => t.Timeline.Verdicts.Where(v => v.Outcome == OfflineOutcomes.Conflict).Select(v => new Conflict(t.TicketId, v.Passage, v.FirstId))),
        .. _attempts.Where(a => a is { Result: "refused", Passage.IsOut: false, Reason: not ScanReasons.AlreadyAdmitted }).Select(a => new Conflict(a.TicketId, a.Passage, FirstId: null)),
    ];

    private IEnumerable<Admitted> Admitted()
    {
        var steps = _attempts.Where(a => a is { Result: "admitted", Passage.IsOut: false }).ToLookup(a => a.TicketId, a => (long?)a.Scan.Code!.Value.Step);
        return _timelines.Where(t => t.Timeline.First is not null).Select(t => new Admitted(t.TicketId, t.Timeline.First!, t.Timeline.Inside, steps[t.TicketId].Max()));
    }

    private sealed class TicketRow
    {
        public Guid Id { get; init; }
        public Guid EventId { get; init; }
        public string Status { get; init; } = "";
        public short OwnerVersion { get; init; }
        public DateTimeOffset CreatedAt { get; init; }
        public DateTimeOffset UpdatedAt { get; init; }
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
        public byte[] CodeHash { get; init; } = [];
        public string Outcome { get; init; } = "";
        public string Reason { get; init; } = "";

        public OfflineScanResult Answer() => new(ScanId, Outcome, Reason);
    }
}

/// <summary>One uploaded scan, as it will stand in ticket_validations.</summary>
internal sealed record NewAttempt(Uploaded Scan, Guid TicketId, Passage Passage, string Result, string Reason);

/// <summary>Somebody who was let in though the ticket had let in before, or though the scan did not count.</summary>
/// <param name="FirstId">Who had been let in; null if the scan did not count.</param>
internal sealed record Conflict(Guid TicketId, Passage Second, Guid? FirstId);

/// <summary>A row of admissions as the whole history makes it.</summary>
/// <param name="LastStep">The newest step of a rotating code that let in by this upload; null for none.</param>
internal sealed record Admitted(Guid TicketId, Passage First, bool Inside, long? LastStep);
