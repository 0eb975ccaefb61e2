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

/// <summary>Two gates that let one ticket in, each without knowing of the other.</summary>
public sealed record ScanConflict(Guid TicketId, ConflictingScan First, ConflictingScan Second);

/// <param name="ScannedAt">By the clock of the scanner, or of the database if it was online.</param>
public sealed record ConflictingScan(string? Gate, DateTimeOffset ScannedAt, Guid? DeviceId, bool Offline);

/// <summary>Everybody who was let in though somebody else had been, in the order in which it happened.</summary>
internal static class ListConflicts
{
    private static readonly DateTimeOffset s_first = ExampleSale.At("2026-11-22T18:41:07Z");

    public static void Map(IEndpointRouteBuilder ofEvent) =>
        ofEvent.MapGet("/scan-conflicts", HandleAsync)
            .WithName("ListScanConflicts").WithSummary("Tickets that two gates let in, with both gates").WithRateTier(RateTier.Read)
            .WithAnswerExample(RouteExamples.OnePage(new ScanConflict(ExampleSale.Ticket, new ConflictingScan("North 2", s_first, ExampleSale.Device, true), new ConflictingScan("South 1", s_first.AddMinutes(4), null, false))))
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
        var rows = await work.QueryAsync<Row>($"""
            select c.second_id, c.ticket_id, c.scanned_at, f.gate as first_gate, f.scanned_at as first_scanned_at, f.device_id as first_device_id, f.offline as first_offline,
                   s.gate as second_gate, s.device_id as second_device_id, s.offline as second_offline
              from tickets.scan_conflicts c
              join tickets.ticket_validations f on f.tenant_id = c.tenant_id and f.id = c.first_id
              join tickets.ticket_validations s on s.tenant_id = c.tenant_id and s.id = c.second_id
             where c.event_id = @eventId{Where.And(after is not null, "(c.scanned_at, c.second_id) > (@At, @Id)")}
             order by c.scanned_at, c.second_id limit {size + 1}
            """, new { eventId, after?.At, after?.Id }, cancellationToken);
        context.NeverCache();
        return TypedResults.Ok(Paging.Make(rows, size, row => row.Answer(), row => new NewestFirst(row.ScannedAt, row.SecondId)));
    }

    private sealed class Row
    {
        public Guid SecondId { get; init; }
        public Guid TicketId { get; init; }
        public DateTimeOffset ScannedAt { get; init; }
        public string? FirstGate { get; init; }
        public DateTimeOffset FirstScannedAt { get; init; }
        public Guid? FirstDeviceId { get; init; }
        public bool FirstOffline { get; init; }
        public string? SecondGate { get; init; }
        public Guid? SecondDeviceId { get; init; }
        public bool SecondOffline { get; init; }

        public ScanConflict Answer() =>
            new(TicketId, new ConflictingScan(FirstGate, FirstScannedAt, FirstDeviceId, FirstOffline), new ConflictingScan(SecondGate, ScannedAt, SecondDeviceId, SecondOffline));
    }
}
