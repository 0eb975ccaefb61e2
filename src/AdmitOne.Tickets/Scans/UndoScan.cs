using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Scans;

/// <summary>Why a scan is undone.</summary>
public sealed record UndoReason
{
    /// <summary>Kept with the scan and in the audit log.</summary>
    [PlainText(500)]
    public required string Reason { get; init => field = value.Trim(); }
}

/// <summary>A scan that does not count any more.</summary>
/// <param name="Admitted">Whether another scan of the ticket has let it in: with re-entry an earlier one, or one that was made without a network.</param>
/// <param name="Inside">Whether its holder counts as inside.</param>
public sealed record UndoneScan(Guid Id, Guid TicketId, DateTimeOffset UndoneAt, string Reason, bool Admitted, bool Inside);

/// <summary>
/// Takes back the scan that let a ticket in last. What stands of the ticket is decided anew from its other scans, as an upload does, under the lock that scans and uploads take.
/// </summary>
internal static class UndoScan
{
    public static void Map(IEndpointRouteBuilder scans) =>
        scans.MapPost("/{id}/undo", HandleAsync)
            .WithName("UndoScan").WithSummary("Take back the scan that let a ticket in last")
            .WithDescription("The scan stays in the history as undone, and the ticket admits again. Only a scan that let in is undone, and only until the ticket passes again. Repeated, it answers as at first, with the first reason.")
            .WithRateTier(RateTier.Write)
            .WithRequestExample(new UndoReason { Reason = "Scanned for the next in line" })
            .WithAnswerExample(new UndoneScan(ExampleSale.Scan, ExampleSale.Ticket, ExampleSale.At("2026-11-22T18:42:31Z"), "Scanned for the next in line", Admitted: false, Inside: false))
            .MayRefuseWith(PlatformProblems.NotFound, ScanProblems.ScanNotUndoable);

    private static async Task<Results<Ok<UndoneScan>, Refusal>> HandleAsync(
        Guid id, UndoReason request, Caller caller, Actor actor, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        if (await work.FindAsync<Guid?>("select ticket_id from tickets.ticket_validations where tenant_id = @TenantId and id = @id", new { caller.TenantId, id }, cancellationToken) is not { } ticketId)
            return PlatformProblems.NotFound.With("There is no such scan.");
        var ticket = (await work.FindAsync<TicketRow>("select id, status, owner_version, created_at, updated_at from tickets.tickets where tenant_id = @TenantId and id = @ticketId for no key update",
            new { caller.TenantId, ticketId }, cancellationToken))!;
        var scan = (await work.FindAsync<ScanRow>("""
            select v.event_id, v.result, v.direction = 'out' as is_out, v.scanned_at, v.gate, v.device_id, v.undone_at, v.undo_reason, clock_timestamp() as now, w.re_entry
              from tickets.ticket_validations v left join events.sale_window w on w.tenant_id = v.tenant_id and w.event_id = v.event_id
             where v.tenant_id = @TenantId and v.id = @id
            """, new { caller.TenantId, id }, cancellationToken))!;
        if (scan.UndoneAt is null)
        {
            if (scan.Result != "admitted" || scan.IsOut) return ScanProblems.ScanNotUndoable.With("It let nobody in.");
            if (await TakeBackAsync(work, (id, scan), ticket, request.Reason, cancellationToken) is { } refusal) return refusal;
            await work.AuditAsync(actor, new AuditEntry("scan.undo", "ticket", ticketId,
                new { ScanId = id, scan.ScannedAt, scan.Gate, scan.DeviceId }, new { request.Reason }), cancellationToken);
        }
        var stands = await work.FindAsync<bool?>("select inside from tickets.admissions where tenant_id = @TenantId and ticket_id = @ticketId", new { caller.TenantId, ticketId }, cancellationToken);
        if (scan.UndoneAt is null) await work.CommitAsync(cancellationToken);
        context.NeverCache();
        return TypedResults.Ok(new UndoneScan(id, ticketId, scan.UndoneAt ?? scan.Now, scan.UndoReason ?? request.Reason, stands is not null, stands == true));
    }

    /// <param name="ticket">Under its lock.</param>
    /// <returns>Why it cannot be taken back, or null.</returns>
    private static async Task<Refusal?> TakeBackAsync(TenantWork work, (Guid Id, ScanRow Row) scan, TicketRow ticket, string reason, CancellationToken cancellationToken)
    {
        var (tenantId, eventId, ids) = (work.TenantId, scan.Row.EventId, new[] { ticket.Id });
        var changes = await TicketChangeRow.ReadAsync(work, tenantId, ids, cancellationToken);
        var history = TicketHistory.Of(ticket.CreatedAt, [.. changes.Select(change => change.Change())], new TicketChange(ticket.UpdatedAt, ticket.Status, ticket.OwnerVersion));
        var passages = (await PassageRow.ReadAsync(work, (tenantId, eventId), ids, cancellationToken)).Where(passage => passage.Counts).ToDictionary(passage => passage.Id);
        var last = Timeline(passages.Values).Verdicts.Last(verdict => verdict.Outcome == OfflineOutcomes.Accepted || verdict.Passage.Id == scan.Id).Passage;
        if (last.Id != scan.Id) return ScanProblems.ScanNotUndoable.With($"The ticket has passed since, at {last.At:u}.");

        // Of the scans that remain, one that was made without a network may turn out to have let in.
        var timeline = Timeline(passages.Values.Where(passage => passage.Id != scan.Id));
        await work.ExecuteAsync("update tickets.ticket_validations set result = 'undone', undone_at = @Now, undo_reason = @reason where tenant_id = @tenantId and id = @Id",
            new { tenantId, scan.Id, scan.Row.Now, reason }, cancellationToken);
        var changed = timeline.Verdicts.Where(verdict => (verdict.Result, verdict.Reason) != (passages[verdict.Passage.Id].Result, passages[verdict.Passage.Id].Reason)).ToList();
        await OfflineWrites.VerdictsAsync(work, tenantId, changed, cancellationToken);
        await OfflineWrites.ConflictsAsync(work, (tenantId, eventId), ids,
            [.. timeline.Verdicts.Where(verdict => verdict.Outcome == OfflineOutcomes.Conflict).Select(verdict => new Conflict(ticket.Id, verdict.Passage, verdict.FirstId))], cancellationToken);
        if (timeline.First is { } first)
            await OfflineWrites.AdmissionsAsync(work, (tenantId, eventId), [new Admitted(ticket.Id, first, timeline.Inside, LastStep: null)], cancellationToken);
        else
            await work.ExecuteAsync("delete from tickets.admissions where tenant_id = @tenantId and ticket_id = @Id", new { tenantId, ticket.Id }, cancellationToken);
        // A row that is gone tells a door pack nothing: the ticket's own says that it has changed.
        await work.ExecuteAsync("update tickets.tickets set updated_at = updated_at where tenant_id = @tenantId and id = @Id", new { tenantId, ticket.Id }, cancellationToken);
        return null;

        TicketTimeline Timeline(IEnumerable<PassageRow> of) => TicketTimeline.Of(of.Select(passage => passage.Passage(history)), scan.Row.ReEntry);
    }

    private sealed class TicketRow
    {
        public Guid Id { get; init; }
        public string Status { get; init; } = "";
        public short OwnerVersion { get; init; }
        public DateTimeOffset CreatedAt { get; init; }
        public DateTimeOffset UpdatedAt { get; init; }
    }

    private sealed class ScanRow
    {
        public Guid EventId { get; init; }
        public string Result { get; init; } = "";
        public bool IsOut { get; init; }
        public DateTimeOffset ScannedAt { get; init; }
        public string? Gate { get; init; }
        public Guid? DeviceId { get; init; }
        public DateTimeOffset? UndoneAt { get; init; }
        public string? UndoReason { get; init; }
        public DateTimeOffset Now { get; init; }
        public bool ReEntry { get; init; }
    }
}
