using AdmitOne.Tickets.Codes;

namespace AdmitOne.Tickets.Scans;

/// <summary>Why a scan admitted or not, in the words of the contract.</summary>
internal static class ScanReasons
{
    public const string Ok = "ok";
    public const string Malformed = "malformed";
    public const string UnknownTicket = "unknown_ticket";
    public const string WrongEvent = "wrong_event";
    public const string ExpiredCode = "expired_code";
    public const string NotInside = "not_inside";
    public const string AlreadyAdmitted = "already_admitted";
    public const string TooEarly = "too_early";
    public const string TooLate = "too_late";

    /// <summary>Of an upload only: its scanner has used this id for another code.</summary>
    public const string ScanIdReused = "scan_id_reused";

    public static readonly IReadOnlyList<string> All =
        [Ok, Malformed, UnknownTicket, WrongEvent, "cancelled", "refunded", "blocked", "transferred_code", ExpiredCode, NotInside, AlreadyAdmitted, TooEarly, TooLate];

    /// <summary>The first reason that applies, in the order of the contract.</summary>
    public static string Find(ScannedTicket ticket, DoorState door, HeldOut code)
    {
        if (FindDead(ticket, door, code.Code) is { } dead) return dead;
        if (code.Code.Step is { } step && !RotatingCode.IsDue(step, door.Now)) return ExpiredCode;
        if (code.IsOut) return ticket.Inside == true ? Ok : NotInside;
        if (ticket.Inside == true || (ticket.Inside == false && !door.ReEntry)) return AlreadyAdmitted;
        if (code.Code.Step <= ticket.LastStep) return ExpiredCode;   // what has let in once lets nobody else in
        // The hours of a postponed event mean nothing any more, and its new ones are to come.
        if (door.EventStatus == "postponed" || door.Now < door.CheckInFrom) return TooEarly;
        return door.Now >= door.CheckInUntil ? TooLate : Ok;
    }

    /// <summary>Why this code lets nobody in, whatever the hour and whoever came before; or null.</summary>
    public static string? FindDead(ScannedTicket ticket, DoorState door, OpenedCode code)
    {
        if (ticket.EventId != door.EventId) return WrongEvent;
        if (ticket.Status == "cancelled" || door.EventStatus == "cancelled") return "cancelled";
        if (ticket.Status is "refunded" or "blocked") return ticket.Status;
        if (ticket.OwnerVersion != code.Ticket.OwnerVersion) return "transferred_code";
        // A print of before the event's codes began to rotate; the other way round, a rotating code is as good as a static one.
        return door.Rotates && code.Step is null ? ExpiredCode : null;
    }
}

/// <summary>A ticket as the scan found it under its lock.</summary>
/// <param name="Inside">Null if it was never admitted.</param>
/// <param name="LastStep">The newest step of a rotating code that let in.</param>
internal sealed record ScannedTicket(Guid EventId, string Status, int OwnerVersion, bool? Inside, long? LastStep = null);

/// <summary>The door at which it is held out.</summary>
internal sealed record DoorState(
    Guid EventId, string EventStatus, bool ReEntry, bool Rotates, DateTimeOffset CheckInFrom, DateTimeOffset CheckInUntil, DateTimeOffset Now);

internal readonly record struct HeldOut(OpenedCode Code, bool IsOut);
