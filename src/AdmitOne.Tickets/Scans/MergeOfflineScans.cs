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

    /// <summary>Said by staff; a scanner with a credential of its own is known by that.</summary>
    public Guid? DeviceId { get; init; }

    [Length(1, MaxScans), NoNulls]
    public required IReadOnlyList<OfflineScan> Scans { get; init; }
}

/// <summary>One code that was held out offline.</summary>
public sealed record OfflineScan
{
    /// <summary>The scanner's own name for this scan, a new one for each, such as a UUID: sent again it is answered as at first and changes nothing.</summary>
    [PlainText(100)]
    public required string Id { get; init; }

    /// <summary>The text that the scanner read.</summary>
    [StringLength(4000, MinimumLength = 1), MachineRead]
    public required string Code { get; init; }

    /// <summary>By the scanner's clock. It orders scans and refuses none, unless it is more than 7 days old or an hour ahead.</summary>
    public required DateTimeOffset ScannedAt { get; init; }

    [PlainText(100)]
    public string? Gate { get; init; }

    /// <summary><c>in</c> or <c>out</c>.</summary>
    [AllowedValues("in", "out", ErrorMessage = "Must be in or out.")]
    public string Direction { get; init; } = "in";
}

/// <summary>What came of each scan, in the order in which they were sent.</summary>
public sealed record OfflineScansMerged(IReadOnlyList<OfflineScanResult> Results);

/// <param name="Outcome"><c>accepted</c>, <c>duplicate</c> (this scanner had it before), <c>conflict</c> (another gate was first) or <c>refused</c>.</param>
public sealed record OfflineScanResult(string Id, string Outcome, string Reason);

/// <summary>
/// Merges what was scanned offline: first by time wins, and whoever was let in twice is a conflict that names both gates. A ticket's whole
/// history is looked at again under its lock, so that uploads may come in any order and any number of times.
/// </summary>
internal static class MergeOfflineScans
{
    private const int BodyKibibytes = 512;

    public static void Map(IEndpointRouteBuilder scans) =>
        scans.MapPost("/batch", HandleAsync)
            .WithName("MergeOfflineScans").WithSummary("Upload what was scanned without a network").WithRateTier(RateTier.QrScan).WithBodyUpTo(BodyKibibytes)
            .WithRequestExample(ScanExamples.Offline).WithAnswerExample(ScanExamples.Merged)
            .MayRefuseWith(PlatformProblems.NotFound, DeviceProblems.DeviceRevoked);

    private static async Task<Results<Ok<OfflineScansMerged>, Refusal>> HandleAsync(
        OfflineScansRequest request, AtTheDoor door, Database database, TicketCodes codes, KnownCodes known, UnreadableScans unreadable, ScanMetrics metrics, CancellationToken cancellationToken)
    {
        foreach (var gate in request.Scans.Select(s => s.Gate).Distinct())
            if (door.Refuse(request.EventId, gate) is { } misplaced) return misplaced;

        var device = door.DeviceIdOr(request.DeviceId);
        var signed = known.Of(door.TenantId, request.EventId);
        var uploaded = request.Scans.DistinctBy(s => s.Id).Select(scan => new Uploaded(scan, codes.TryOpen(door.TenantId, scan.Code, out var code, signed) ? code : null,
            new AtGate(door.GateOr(scan.Gate), device, door.UserId))).ToList();
        while (true)
        {
            await using var work = await database.BeginAsync(door.TenantId, cancellationToken);
            if (await AtTheDoor.RefuseRevokedAsync(work, device, cancellationToken) is { } revoked) return revoked;
            var merge = new OfflineMerge(work, door.TenantId, request.EventId, device ?? Guid.Empty);
            if (!await merge.ReadAsync(uploaded, cancellationToken)) return PlatformProblems.NotFound.With("There is no such event.");
            var results = merge.Decide();
            if (!await merge.WriteAsync(cancellationToken)) continue;   // somebody used one of these ids in the meantime: ask again what came of it
            await work.CommitAsync(cancellationToken);

            foreach (var (scan, result) in merge.New)
            {
                metrics.Merged(result.Outcome);
                if (result.Reason == ScanReasons.Malformed) unreadable.Count(door.TenantId, request.EventId, scan.At);
            }
            return TypedResults.Ok(new OfflineScansMerged([.. request.Scans.Select(scan => results[scan.Id])]));
        }
    }
}

/// <summary>A scan of the request, opened.</summary>
/// <param name="Code">Null if it is none of ours.</param>
internal sealed record Uploaded(OfflineScan Scan, OpenedCode? Code, AtGate At);
