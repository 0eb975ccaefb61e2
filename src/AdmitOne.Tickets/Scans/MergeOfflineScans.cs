using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Codes;
using AdmitOne.Tickets.Devices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Scans;

/// <summary>What a scanner did while it had no network.</summary>
public sealed record OfflineScansRequest
{
    public const int MaxScans = 500;

    public required Guid EventId { get; init; }

    /// <summary>Said by staff, and never a registered scanner's: that is known by its credential.</summary>
    public Guid? DeviceId { get; init; }

    [Length(1, MaxScans), NoNulls]
    public required IReadOnlyList<OfflineScan> Scans { get; init; }
}

/// <summary>One code that was held out offline.</summary>
public sealed record OfflineScan
{
    /// <summary>
    /// The scanner's own name for this scan, a new one for each, such as a UUID. Sent again with its code it is answered as at first and changes nothing;
    /// with another code it is refused (<c>scan_id_reused</c>). Ids are a registered scanner's own, and those of staff the person's own.
    /// </summary>
    [PlainText(100)]
    public required string Id { get; init; }

    /// <summary>The text that the scanner read. What hand scanners put around a code (line ends, tabs, blanks, <c>]Q1</c>, a byte order mark) is taken off.</summary>
    [StringLength(4000, MinimumLength = 1), MachineRead]
    public required string Code { get; init; }

    /// <summary>
    /// By the scanner's clock. The scan is judged by what was true then: check-in hours and a rotating code's step (30 s either way), the ticket's owner and
    /// status. It may be at most 7 days old and 2 minutes ahead of the server's clock.
    /// </summary>
    public required DateTimeOffset ScannedAt { get; init; }

    [PlainText(100)]
    public string? Gate { get; init; }

    /// <summary><c>in</c> or <c>out</c>.</summary>
    [AllowedValues("in", "out", ErrorMessage = "Must be in or out.")]
    public string Direction { get; init; } = "in";
}

/// <summary>What came of each scan, in the order in which they were sent.</summary>
public sealed record OfflineScansMerged(IReadOnlyList<OfflineScanResult> Results);

/// <param name="Outcome"><c>accepted</c>, <c>duplicate</c> (this scanner had it before), <c>conflict</c> (another gate was first, or admitted it online) or <c>refused</c>.</param>
/// <param name="Reason">As of a scan, for what was true at <c>scannedAt</c>; <c>scan_id_reused</c>: its id was another code's.</param>
public sealed record OfflineScanResult(string Id, string Outcome, string Reason);

/// <summary>
/// Merges what was scanned offline: an admission of the service itself stays, of the rest first by time wins, and a ticket that let in twice is a
/// conflict that names both gates. A ticket's whole history is looked at again under its lock, so that uploads may come in any order and any number of times.
/// </summary>
internal static class MergeOfflineScans
{
    private const int BodyKibibytes = 512;

    public static void Map(IEndpointRouteBuilder scans) =>
        scans.MapPost("/batch", HandleAsync)
            .WithName("MergeOfflineScans").WithSummary("Upload what was scanned without a network").WithRateTier(RateTier.QrScan).WithBodyUpTo(BodyKibibytes)
            .WithRequestExample(ScanExamples.Offline).WithAnswerExample(ScanExamples.Merged)
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.ValidationFailed, DeviceProblems.DeviceRevoked);

    private static async Task<Results<Ok<OfflineScansMerged>, Refusal>> HandleAsync(
        OfflineScansRequest request, AtTheDoor door, Database database, TicketCodes codes, KnownCodes known, UnreadableScans unreadable, ScanMetrics metrics, CancellationToken cancellationToken)
    {
        foreach (var gate in request.Scans.Select(s => s.Gate).Distinct())
            if (door.Refuse(request.EventId, gate) is { } misplaced) return misplaced;

        var device = door.DeviceIdOr(request.DeviceId);
        var signed = known.Of(door.TenantId, request.EventId);
        var uploaded = request.Scans.Select(scan => new Uploaded(scan, codes.TryOpen(door.TenantId, scan.Code, out var code, signed) ? code : null,
            Convert.ToHexString(ScannedText.Hash(scan.Code)), new AtGate(door.GateOr(scan.Gate), device, door.UserId))).ToList();
        while (true)
        {
            await using var work = await database.BeginAsync(door.TenantId, cancellationToken);
            if (await door.RefuseDeviceAsync(work, device, cancellationToken) is { } refusal) return refusal;
            // Whose ids they are: a scanner's by its credential, or the person's who uploads.
            var merge = new OfflineMerge(work, door.TenantId, request.EventId, door.Device?.Id ?? door.UserId ?? Guid.Empty, byStaff: door.Device is null);
            if (!await merge.ReadAsync(uploaded, cancellationToken)) return PlatformProblems.NotFound.With("There is no such event.");
            merge.Decide();
            if (!await merge.WriteAsync(cancellationToken)) continue;   // another upload used one of these ids in the meantime: ask again what came of it
            await work.CommitAsync(cancellationToken);

            foreach (var (scan, result) in merge.New)
            {
                metrics.Merged(result.Outcome);
                if (result.Reason == ScanReasons.Malformed) unreadable.Count(door.TenantId, request.EventId, scan.At);
            }
            return TypedResults.Ok(new OfflineScansMerged([.. uploaded.Select(merge.ResultOf)]));
        }
    }
}

/// <summary>A scan of the request, opened.</summary>
/// <param name="Code">Null if it is none of ours.</param>
/// <param name="CodeHash">SHA-256 of the code in hex: an id is one code's.</param>
internal sealed record Uploaded(OfflineScan Scan, OpenedCode? Code, string CodeHash, AtGate At)
{
    public (string Id, string CodeHash) Key => (Scan.Id, CodeHash);

    public bool IsOut => Scan.Direction == "out";

    // PostgreSQL keeps microseconds: what is decided now must not differ from what is decided when it is read again.
    public DateTimeOffset ScannedAt { get; } = Scan.ScannedAt.AddTicks(-(Scan.ScannedAt.Ticks % TimeSpan.TicksPerMicrosecond));
}
