using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Codes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Scans;

/// <summary>A code held out at a gate.</summary>
public sealed record ScanRequest
{
    /// <summary>The text that the scanner read.</summary>
    [StringLength(4000, MinimumLength = 1)]
    public required string Code { get; init; }

    /// <summary>The event whose door this is.</summary>
    public required Guid EventId { get; init; }

    [PlainText(100)]
    public string? Gate { get; init; }

    public Guid? DeviceId { get; init; }

    /// <summary><c>in</c> or <c>out</c>.</summary>
    [AllowedValues("in", "out", ErrorMessage = "Must be in or out.")]
    public string Direction { get; init; } = "in";
}

/// <summary>What the door is told: <c>admitted</c>, or <c>refused</c> with the reason.</summary>
public sealed record Scan(string Result, string Reason, DateTimeOffset ScannedAt, ScannedFor? Ticket, FirstAdmission? FirstAdmitted);

/// <summary>As much of a ticket as staff need to see.</summary>
public sealed record ScannedFor(Guid Id, string Type, string? Section, string? Holder);

public sealed record FirstAdmission(DateTimeOffset At, string? Gate);

/// <summary>Lets a ticket in, exactly once: the primary key of <c>admissions</c> decides, however many gates ask in the same instant.</summary>
internal static class AdmitTicket
{
    public static void Map(IEndpointRouteBuilder scans) =>
        scans.MapPost("/", HandleAsync)
            .WithName("ScanTicket").WithSummary("Admit the holder of a code, or say why not").WithRateTier(RateTier.QrScan).CountedNotLogged()
            .WithRequestExample(ScanExamples.AtTheGate).WithAnswerExample(ScanExamples.Admitted, name: "admitted").WithAnswerExample(ScanExamples.Refused, name: "refused")
            .MayRefuseWith(PlatformProblems.NotFound);

    private static async Task<Results<Ok<Scan>, Refusal>> HandleAsync(
        ScanRequest request, Caller caller, Database database, TicketCodes codes, ScanMetrics metrics, TimeProvider clock, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        if (!codes.TryOpen(caller.TenantId, request.Code, out var opened))
        {
            metrics.Answered(ScanReasons.Malformed, clock.GetElapsedTime(started));
            return TypedResults.Ok(new Scan("refused", ScanReasons.Malformed, clock.GetUtcNow(), Ticket: null, FirstAdmitted: null));
        }
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        var ticket = await LockAsync(work, opened.TicketId, cancellationToken);
        if (await FindDoorAsync(work, request.EventId, cancellationToken) is not { } door) return PlatformProblems.NotFound.With("There is no such event.");
        if (ticket is null)
        {
            // Sealed by us and gone from the books: there is no row that an attempt could point at.
            metrics.Answered(ScanReasons.UnknownTicket, clock.GetElapsedTime(started));
            return TypedResults.Ok(new Scan("refused", ScanReasons.UnknownTicket, door.Now, Ticket: null, FirstAdmitted: null));
        }

        var first = await FindAdmissionAsync(work, opened.TicketId, cancellationToken);
        var reason = ScanReasons.Find(new ScannedTicket(ticket.EventId, ticket.Status, ticket.OwnerVersion, first?.Inside),
            new DoorState(request.EventId, door.Status, door.ReEntry, door.CheckInFrom, door.CheckInUntil, door.Now, opened.OwnerVersion, request.Direction == "out"));
        var result = reason == ScanReasons.Ok ? "admitted" : "refused";
        await RecordAsync(work, request, caller, (opened.TicketId, result, reason, first is not null, door.Now), cancellationToken);
        await work.CommitAsync(cancellationToken);

        metrics.Answered(reason, clock.GetElapsedTime(started));
        var shown = reason == "wrong_event" ? null : new ScannedFor(opened.TicketId, ticket.Type, door.SectionName(ticket.SectionId), Initials(ticket.HolderName, ticket.HolderEmail));
        return TypedResults.Ok(new Scan(result, reason, door.Now, shown, first is null ? null : new FirstAdmission(first.AdmittedAt, first.Gate)));
    }

    // The ticket's lock makes the gates queue here: whoever comes second reads the first one's admission.
    private static Task<TicketRow?> LockAsync(TenantWork work, Guid id, CancellationToken cancellationToken) => work.FindAsync<TicketRow>("""
        select t.event_id, t.status, t.owner_version, t.section_id, y.name as type, u.name as holder_name, u.email as holder_email
          from tickets.tickets t
          join tickets.ticket_types y on y.tenant_id = t.tenant_id and y.id = t.ticket_type_id
          left join platform.users u on u.tenant_id = t.tenant_id and u.id = t.user_id
         where t.id = @id for no key update of t
        """, new { id }, cancellationToken);

    private static Task<DoorRow?> FindDoorAsync(TenantWork work, Guid eventId, CancellationToken cancellationToken) => work.FindAsync<DoorRow>("""
        select status, re_entry, check_in_from, check_in_until, sections::text as sections, clock_timestamp() as now from events.sale_window where event_id = @eventId
        """, new { eventId }, cancellationToken);

    private static Task<AdmissionRow?> FindAdmissionAsync(TenantWork work, Guid ticketId, CancellationToken cancellationToken) => work.FindAsync<AdmissionRow>("""
        select a.admitted_at, a.inside, v.gate from tickets.admissions a
          left join tickets.ticket_validations v on v.tenant_id = a.tenant_id and v.id = a.validation_id
         where a.ticket_id = @ticketId
        """, new { ticketId }, cancellationToken);

    private static async Task RecordAsync(
        TenantWork work, ScanRequest request, Caller caller, (Guid TicketId, string Result, string Reason, bool WasAdmitted, DateTimeOffset Now) scan, CancellationToken cancellationToken)
    {
        var attempt = new
        {
            caller.TenantId, Id = Guid.CreateVersion7(scan.Now), scan.TicketId, request.EventId, request.Direction, scan.Result, scan.Reason, request.Gate, request.DeviceId,
            caller.UserId, scan.Now,
        };
        await work.ExecuteAsync("""
            insert into tickets.ticket_validations (tenant_id, id, ticket_id, event_id, direction, result, reason, gate, device_id, validated_by, scanned_at, received_at)
            values (@TenantId, @Id, @TicketId, @EventId, @Direction, @Result, @Reason, @Gate, @DeviceId, @UserId, @Now, @Now)
            """, attempt, cancellationToken);
        if (scan.Reason != ScanReasons.Ok) return;
        await work.ExecuteAsync(scan.WasAdmitted
            ? "update tickets.admissions set inside = (@Direction = 'in') where ticket_id = @TicketId"
            : "insert into tickets.admissions (tenant_id, ticket_id, event_id, validation_id, admitted_at) values (@TenantId, @TicketId, @EventId, @Id, @Now)",
            attempt, cancellationToken);
    }

    private static string? Initials(string? name, string? email)
    {
        var words = (name ?? email?.Split('@')[0].Replace('.', ' '))?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        return words.Length == 0 ? null : string.Concat(words.Take(3).Select(w => char.ToUpperInvariant(w[0])));
    }

    private sealed class TicketRow
    {
        public Guid EventId { get; init; }
        public string Status { get; init; } = "";
        public short OwnerVersion { get; init; }
        public Guid SectionId { get; init; }
        public string Type { get; init; } = "";
        public string? HolderName { get; init; }
        public string? HolderEmail { get; init; }
    }

    private sealed class DoorRow
    {
        public string Status { get; init; } = "";
        public bool ReEntry { get; init; }
        public DateTimeOffset CheckInFrom { get; init; }
        public DateTimeOffset CheckInUntil { get; init; }
        public string Sections { get; init; } = "{}";
        public DateTimeOffset Now { get; init; }

        public string? SectionName(Guid id)
        {
            using var sections = System.Text.Json.JsonDocument.Parse(Sections);
            return sections.RootElement.TryGetProperty(id.ToString(), out var section) ? section.GetProperty("name").GetString() : null;
        }
    }

    private sealed class AdmissionRow
    {
        public DateTimeOffset AdmittedAt { get; init; }
        public bool Inside { get; init; }
        public string? Gate { get; init; }
    }
}
