using AdmitOne.Platform.Postgres;

namespace AdmitOne.Tickets.Scans;

/// <summary>What a merged upload leaves behind, a statement for each kind of row.</summary>
internal static class OfflineWrites
{
    public static Task AttemptsAsync(TenantWork work, (Guid TenantId, Guid EventId) at, List<NewAttempt> attempts, DateTimeOffset now, CancellationToken cancellationToken) =>
        attempts.Count == 0 ? Task.CompletedTask : work.ExecuteAsync("""
            insert into tickets.ticket_validations (tenant_id, id, ticket_id, event_id, direction, result, reason, gate, device_id, validated_by, scanned_at, received_at, offline)
            select @TenantId, a.id, a.ticket_id, @EventId, a.direction, a.result, a.reason, a.gate, a.device_id, @staff, a.scanned_at, @now, true
              from unnest(@ids, @tickets, @directions, @results, @reasons, @gates, @devices, @times) as a (id, ticket_id, direction, result, reason, gate, device_id, scanned_at)
            """, new
        {
            at.TenantId, at.EventId, now, staff = attempts[0].Scan.At.StaffId, ids = attempts.Select(a => a.Passage.Id).ToArray(), tickets = attempts.Select(a => a.TicketId).ToArray(),
            directions = attempts.Select(a => a.Passage.IsOut ? "out" : "in").ToArray(), results = attempts.Select(a => a.Result).ToArray(), reasons = attempts.Select(a => a.Reason).ToArray(),
            gates = attempts.Select(a => a.Passage.Gate).ToArray(), devices = attempts.Select(a => a.Passage.DeviceId).ToArray(), times = attempts.Select(a => a.Passage.At.UtcDateTime).ToArray(),
        }, cancellationToken);

    public static Task VerdictsAsync(TenantWork work, Guid tenantId, List<Verdict> changed, CancellationToken cancellationToken) =>
        changed.Count == 0 ? Task.CompletedTask : work.ExecuteAsync("""
            update tickets.ticket_validations v set result = c.result, reason = c.reason
              from unnest(@ids, @results, @reasons) as c (id, result, reason) where v.tenant_id = @tenantId and v.id = c.id
            """, new { tenantId, ids = changed.Select(c => c.Passage.Id).ToArray(), results = changed.Select(c => c.Result).ToArray(), reasons = changed.Select(c => c.Reason).ToArray() }, cancellationToken);

    /// <summary>Writes the conflicts of these tickets anew: an earlier scan may have ended some, and changed whom others are with.</summary>
    public static async Task ConflictsAsync(
        TenantWork work, (Guid TenantId, Guid EventId) at, Guid[] tickets, List<Conflict> conflicts, CancellationToken cancellationToken)
    {
        // What did not count stays listed: no later upload makes it count.
        const string Ended = "delete from tickets.scan_conflicts where tenant_id = @TenantId and ticket_id = any (@tickets) and first_id is not null";
        if (tickets.Length > 0) await work.ExecuteAsync(Ended, new { at.TenantId, tickets }, cancellationToken);
        if (conflicts.Count == 0) return;
        await work.ExecuteAsync("""
            insert into tickets.scan_conflicts (tenant_id, second_id, first_id, event_id, ticket_id, scanned_at)
            select @TenantId, c.second_id, c.first_id, @EventId, c.ticket_id, c.scanned_at from unnest(@seconds, @firsts, @of, @times) as c (second_id, first_id, ticket_id, scanned_at)
            """, new
        {
            at.TenantId, at.EventId, seconds = conflicts.Select(c => c.Second.Id).ToArray(), firsts = conflicts.Select(c => c.FirstId).ToArray(),
            of = conflicts.Select(c => c.TicketId).ToArray(), times = conflicts.Select(c => c.Second.At.UtcDateTime).ToArray(),
        }, cancellationToken);
    }

    public static Task AdmissionsAsync(
        TenantWork work, (Guid TenantId, Guid EventId) at, List<Admitted> admitted, CancellationToken cancellationToken) =>
        admitted.Count == 0 ? Task.CompletedTask : work.ExecuteAsync("""
            insert into tickets.admissions (tenant_id, ticket_id, event_id, validation_id, admitted_at, gate, inside, last_step)
            select @TenantId, a.ticket_id, @EventId, a.validation_id, a.admitted_at, a.gate, a.inside, a.last_step
              from unnest(@tickets, @validations, @times, @gates, @inside, @steps) as a (ticket_id, validation_id, admitted_at, gate, inside, last_step)
            on conflict (tenant_id, ticket_id) do update
               set validation_id = excluded.validation_id, admitted_at = excluded.admitted_at, gate = excluded.gate, inside = excluded.inside,
                   last_step = greatest(admissions.last_step, excluded.last_step)
             where (admissions.validation_id, admissions.admitted_at, admissions.gate, admissions.inside, admissions.last_step)
                   is distinct from (excluded.validation_id, excluded.admitted_at, excluded.gate, excluded.inside, greatest(admissions.last_step, excluded.last_step))
            """, new
        {
            at.TenantId, at.EventId, tickets = admitted.Select(a => a.TicketId).ToArray(), validations = admitted.Select(a => a.First.Id).ToArray(),
            times = admitted.Select(a => a.First.At.UtcDateTime).ToArray(), gates = admitted.Select(a => a.First.Gate).ToArray(),
            inside = admitted.Select(a => a.Inside).ToArray(), steps = admitted.Select(a => a.LastStep).ToArray(),
        }, cancellationToken);

    /// <returns>False if one of the ids was taken in the meantime.</returns>
    public static async Task<bool> OutcomesAsync(
        TenantWork work, (Guid TenantId, Guid EventId, Guid Owner) at, IReadOnlyList<(Uploaded Scan, OfflineScanResult Result)> outcomes, CancellationToken cancellationToken) =>
        await work.ExecuteAsync("""
            insert into tickets.offline_scans (tenant_id, event_id, device_id, scan_id, code_hash, outcome, reason)
            select @TenantId, @EventId, @Owner, o.scan_id, o.code_hash, o.outcome, o.reason from unnest(@ids, @hashes, @outcomes, @reasons) as o (scan_id, code_hash, outcome, reason) order by o.scan_id
            on conflict do nothing
            """, new
        {
            at.TenantId, at.EventId, at.Owner, ids = outcomes.Select(o => o.Result.Id).ToArray(), outcomes = outcomes.Select(o => o.Result.Outcome).ToArray(),
            hashes = outcomes.Select(o => Convert.FromHexString(o.Scan.CodeHash)).ToArray(),
            reasons = outcomes.Select(o => o.Result.Reason).ToArray(),
        }, cancellationToken) == outcomes.Count;
}
