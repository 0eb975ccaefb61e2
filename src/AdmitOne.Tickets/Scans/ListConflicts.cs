using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Scans;

/// <summary>A ticket that may have let in somebody whom it should not have.</summary>
/// <param name="Kind">
/// <c>admitted_twice</c>: two scans let somebody in. <c>changed_since</c>: it admitted, and has been transferred, blocked, refunded or cancelled since.
/// <c>not_counted</c>: a scanner without a network let somebody in, and its scan was refused when it was uploaded; nobody else came in by the ticket.
/// </param>
/// <param name="TicketStatus">As it is now: issued, blocked, refunded or cancelled.</param>
/// <param name="First">The scan that counts; of <c>not_counted</c> the one that does not.</param>
/// <param name="Second">The other scan of <c>admitted_twice</c>; null otherwise.</param>
/// <param name="Changes">What happened to the ticket after the earlier of its scans, oldest first.</param>
public sealed record ScanConflict(Guid TicketId, string Kind, string TicketStatus, ConflictingScan First, ConflictingScan? Second, IReadOnlyList<TicketChangeSince> Changes);

/// <param name="ScannedAt">By the clock of the scanner, or of the database if it was online.</param>
/// <param name="Reason">What came of it: <c>ok</c>, <c>already_admitted</c>, or why it was refused when it was uploaded.</param>
public sealed record ConflictingScan(string? Gate, DateTimeOffset ScannedAt, Guid? DeviceId, bool Offline, string Reason);

/// <param name="Change"><c>transferred</c>, <c>blocked</c>, <c>unblocked</c>, <c>refunded</c> or <c>cancelled</c>.</param>
public sealed record TicketChangeSince(DateTimeOffset At, string Change);

/// <summary>Everybody who is inside and should perhaps not be, in the order in which they came.</summary>
internal static class ListConflicts
{
    private static readonly DateTimeOffset s_first = ExampleSale.At("2026-11-22T18:41:07Z");

    private static readonly ScanConflict s_example = new(ExampleSale.Ticket, "admitted_twice", "issued",
        new ConflictingScan("North 2", s_first, ExampleSale.Device, true, ScanReasons.Ok), new ConflictingScan("South 1", s_first.AddMinutes(4), null, false, ScanReasons.AlreadyAdmitted),
        [new TicketChangeSince(s_first.AddMinutes(2), "transferred")]);

    public static void Map(IEndpointRouteBuilder ofEvent) =>
        ofEvent.MapGet("/scan-conflicts", HandleAsync)
            .WithName("ListScanConflicts").WithSummary("Tickets that let in twice, or let in somebody whom they should not have").WithRateTier(RateTier.Read)
            .WithDescription("Every ticket by which two people may be inside, every admission on a ticket that has been transferred, blocked, refunded or cancelled since, "
                + "and everybody whom a scanner without a network let in by a code that did not count. A ticket that let in twice is not listed again for what became of it.")
            .WithAnswerExample(RouteExamples.OnePage(s_example))
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.ValidationFailed);

    private static async Task<Results<Ok<Page<ScanConflict>>, Refusal>> HandleAsync(
        Guid eventId, [Range(1, Paging.MaxLimit)] int? limit, string? cursor, Caller caller, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        NewestFirst? after = null;
        if (cursor is not null && !Cursor.TryRead(cursor, out after)) return PlatformProblems.Invalid("/cursor", "Was not made by this list.");
        var size = limit ?? Paging.DefaultLimit;
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        if (await work.FindAsync<Guid?>("select event_id from events.sale_window where event_id = @eventId", new { eventId }, cancellationToken) is null)
            return PlatformProblems.NotFound.With("There is no such event.");
        // An admission is one of its time: by which owner's code, the last change before it says.
        var rows = await work.QueryAsync<Row>($"""
            with listed as (
                select c.second_id as id, c.scanned_at as at, c.ticket_id, coalesce(c.first_id, a.validation_id) as first_id, c.second_id
                  from tickets.scan_conflicts c
                  left join tickets.admissions a on a.tenant_id = c.tenant_id and a.ticket_id = c.ticket_id and c.first_id is null
                 where c.tenant_id = @TenantId and c.event_id = @eventId
                union all
                select a.validation_id, a.admitted_at, a.ticket_id, a.validation_id, null
                  from (select distinct ticket_id from tickets.ticket_changes where tenant_id = @TenantId and event_id = @eventId) changed
                  join tickets.admissions a on a.tenant_id = @TenantId and a.ticket_id = changed.ticket_id
                  join tickets.tickets t on t.tenant_id = @TenantId and t.id = a.ticket_id
                 where (t.status <> 'issued' or t.owner_version > coalesce((
                            select h.owner_version from tickets.ticket_changes h
                             where h.tenant_id = @TenantId and h.ticket_id = a.ticket_id and h.at <= a.admitted_at order by h.at desc limit 1), 1))
                   and not exists (select from tickets.scan_conflicts c where c.tenant_id = @TenantId and c.ticket_id = a.ticket_id and c.event_id = @eventId))
            select l.id, l.at, l.ticket_id, t.status as ticket_status,
                   f.gate as first_gate, f.scanned_at as first_scanned_at, f.device_id as first_device_id, f.offline as first_offline, f.reason as first_reason,
                   s.gate as second_gate, s.scanned_at as second_scanned_at, s.device_id as second_device_id, s.offline as second_offline, s.reason as second_reason
              from listed l
              join tickets.tickets t on t.tenant_id = @TenantId and t.id = l.ticket_id
              left join tickets.ticket_validations f on f.tenant_id = @TenantId and f.id = l.first_id
              left join tickets.ticket_validations s on s.tenant_id = @TenantId and s.id = l.second_id
             where true{Where.And(after is not null, "(l.at, l.id) > (@At, @Id)")}
             order by l.at, l.id limit @size + 1
            """, new { caller.TenantId, eventId, after?.At, after?.Id, size }, cancellationToken);
        var changes = (await TicketChangeRow.ReadAsync(work, caller.TenantId, [.. rows.Select(r => r.TicketId).Distinct()], cancellationToken)).ToLookup(c => c.TicketId, c => c.Change());
        context.NeverCache();
        return TypedResults.Ok(Paging.Make(rows, size, row => row.Answer([.. changes[row.TicketId]]), row => new NewestFirst(row.At, row.Id)));
    }

    private sealed class Row
    {
        public Guid Id { get; init; }
        public DateTimeOffset At { get; init; }
        public Guid TicketId { get; init; }
        public string TicketStatus { get; init; } = "";
        public string? FirstGate { get; init; }
        public DateTimeOffset? FirstScannedAt { get; init; }
        public Guid? FirstDeviceId { get; init; }
        public bool? FirstOffline { get; init; }
        public string? FirstReason { get; init; }
        public string? SecondGate { get; init; }
        public DateTimeOffset? SecondScannedAt { get; init; }
        public Guid? SecondDeviceId { get; init; }
        public bool? SecondOffline { get; init; }
        public string? SecondReason { get; init; }

        public ScanConflict Answer(IReadOnlyList<TicketChange> changes)
        {
            var first = FirstScannedAt is { } at ? new ConflictingScan(FirstGate, at, FirstDeviceId, FirstOffline == true, FirstReason!) : null;
            var second = SecondScannedAt is { } then ? new ConflictingScan(SecondGate, then, SecondDeviceId, SecondOffline == true, SecondReason!) : null;
            var kind = first is null ? "not_counted" : second is null ? "changed_since" : "admitted_twice";
            if (first is null) (first, second) = (second!, null);
            var earlier = second is null || first.ScannedAt < second.ScannedAt ? first.ScannedAt : second.ScannedAt;
            return new ScanConflict(TicketId, kind, TicketStatus, first, second,
                [.. new TicketHistory(DateTimeOffset.MinValue, changes).After(earlier).Select(c => new TicketChangeSince(c.At, c.Change))]);
        }
    }
}
