using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Codes;
using AdmitOne.Tickets.Devices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Scans;

/// <summary>A code held out at a gate.</summary>
public sealed record ScanRequest
{
    /// <summary>The text that the scanner read. What hand scanners put around a code (line ends, tabs, blanks, <c>]Q1</c>, a byte order mark) is taken off.</summary>
    [StringLength(4000, MinimumLength = 1), MachineRead]
    public required string Code { get; init; }

    /// <summary>The event whose door this is.</summary>
    public required Guid EventId { get; init; }

    /// <summary>Left out by a scanner that stands at one gate only, it is that gate.</summary>
    [PlainText(100)]
    public string? Gate { get; init; }

    /// <summary>Said by staff, and never a registered scanner's: that is known by its credential.</summary>
    public Guid? DeviceId { get; init; }

    /// <summary><c>in</c> or <c>out</c>.</summary>
    [AllowedValues("in", "out", ErrorMessage = "Must be in or out.")]
    public string Direction { get; init; } = "in";
}

/// <summary>What the door is told: <c>admitted</c>, or <c>refused</c> with the reason.</summary>
/// <param name="Id">By which it can be undone; null of a text that belongs to no ticket.</param>
public sealed record Scan(Guid? Id, string Result, string Reason, DateTimeOffset ScannedAt, ScannedFor? Ticket, FirstAdmission? FirstAdmitted);

/// <summary>As much of a ticket as staff need to see.</summary>
/// <param name="Holder">Initials.</param>
public sealed record ScannedFor(Guid Id, string Type, string? Section, string? Holder);

public sealed record FirstAdmission(DateTimeOffset At, string? Gate);

/// <summary>Lets a ticket in, exactly once: the primary key of <c>admissions</c> decides, however many gates ask in the same instant.</summary>
internal static class AdmitTicket
{
    public static void Map(IEndpointRouteBuilder scans) =>
        scans.MapPost("/", HandleAsync)
            .WithName("ScanTicket").WithSummary("Admit the holder of a code, or say why not").WithRateTier(RateTier.QrScan).CountedNotLogged()
            .DisableValidation()   // HandleAsync asks the rules itself
            .WithRequestExample(ScanExamples.AtTheGate).WithAnswerExample(ScanExamples.Admitted, name: "admitted").WithAnswerExample(ScanExamples.Refused, name: "refused")
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.ValidationFailed, PlatformProblems.Overloaded, DeviceProblems.DeviceRevoked);

    private static async Task<Results<Answer<Scan>, Refusal>> HandleAsync(
        ScanRequest request, HttpContext context, TicketCodes codes, KnownCodes known, ScanLanes lanes, UnreadableScans unreadable, ScanMetrics metrics, TimeProvider clock)
    {
        var started = clock.GetTimestamp();
        if (DeclaredRules.Broken(request) is { } broken) return broken;
        var door = AtTheDoor.Of(context)!;   // the policy of the door lets nobody else come this far
        if (door.Refuse(request.EventId, request.Gate) is { } misplaced) return misplaced;
        var at = new AtGate(door.GateOr(request.Gate), door.DeviceIdOr(request.DeviceId), door.UserId);
        if (!codes.TryOpen(door.TenantId, request.Code, out var code, known.Of(door.TenantId, request.EventId)))
        {
            unreadable.Count(door.TenantId, request.EventId, at);
            metrics.Answered(ScanReasons.Malformed, clock.GetElapsedTime(started));
            return new Answer<Scan>(new Scan(Id: null, "refused", ScanReasons.Malformed, clock.GetUtcNow(), Ticket: null, FirstAdmitted: null));
        }
        var (scan, refusal) = await lanes.RunAsync(new ScanCommand(door.TenantId, request.EventId, new HeldOut(code, request.Direction == "out"), at), context.RequestAborted);
        if (scan is null) return refusal!;
        metrics.Answered(scan.Reason, clock.GetElapsedTime(started));
        return new Answer<Scan>(scan);
    }
}
