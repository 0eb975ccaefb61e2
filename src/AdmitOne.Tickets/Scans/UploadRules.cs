using AdmitOne.Tickets.Codes;

namespace AdmitOne.Tickets.Scans;

/// <summary>Judges a scan that was made without a network by what was true when it was made.</summary>
internal static class UploadRules
{
    /// <summary>How far a scanner's clock may be ahead of the server's.</summary>
    public static readonly TimeSpan FurthestAhead = TimeSpan.FromMinutes(2);

    /// <summary>How long a scan may wait for its upload.</summary>
    public static readonly TimeSpan Oldest = TimeSpan.FromDays(7);

    /// <summary>How far a scanner's clock may be off at the edges of the check-in hours: as far as a rotating code's step may be.</summary>
    public static readonly TimeSpan Drift = TimeSpan.FromSeconds(RotatingCode.PeriodSeconds * RotatingCode.Tolerance);

    /// <param name="door">As it is now.</param>
    /// <returns>The first reason that applies, in the order of the contract; null if the code was good then.</returns>
    public static string? Refuse(UploadedScan scan, Guid ofEvent, TicketHistory ticket, DoorState door, EventHistory itsEvent)
    {
        var (code, at, isOut) = scan;
        var then = ticket.At(at);
        var doorThen = door with { EventStatus = itsEvent.StatusAt(at), Now = at };
        // A code that was not made yet is no earlier owner's.
        var ownerVersion = Math.Max(then.OwnerVersion, code.Ticket.OwnerVersion);
        if (ScanReasons.FindDead(new ScannedTicket(ofEvent, then.Status, ownerVersion, Inside: null), doorThen, code) is { } dead) return dead;
        if (code.Step is { } step && !RotatingCode.IsDue(step, at)) return ScanReasons.ExpiredCode;
        if (at > door.Now + FurthestAhead || at < ticket.OwnedSince(code.Ticket.OwnerVersion)) return ScanReasons.TooEarly;
        if (!isOut && (doorThen.EventStatus == "postponed" || at < door.CheckInFrom - Drift)) return ScanReasons.TooEarly;
        return at < door.Now - Oldest || (!isOut && at >= door.CheckInUntil + Drift) ? ScanReasons.TooLate : null;
    }
}

/// <param name="At">By the scanner's clock.</param>
internal readonly record struct UploadedScan(OpenedCode Code, DateTimeOffset At, bool IsOut);
