namespace AdmitOne.Tickets.Scans;

/// <summary>Why a scan admitted or not, in the words of the contract.</summary>
internal static class ScanReasons
{
    public const string Ok = "ok";
    public const string Malformed = "malformed";
    public const string UnknownTicket = "unknown_ticket";

    public static readonly IReadOnlyList<string> All =
        [Ok, Malformed, UnknownTicket, "wrong_event", "cancelled", "refunded", "blocked", "transferred_code", "expired_code", "not_inside", "already_admitted", "too_early", "too_late"];

    /// <summary>The first reason that applies, in the order of the contract.</summary>
    public static string Find(ScannedTicket ticket, DoorState door)
    {
        if (ticket.EventId != door.EventId) return "wrong_event";
        if (ticket.Status == "cancelled" || door.EventStatus == "cancelled") return "cancelled";
        if (ticket.Status == "refunded") return "refunded";
        if (ticket.Status == "blocked") return "blocked";
        if (ticket.OwnerVersion != door.CodeOwnerVersion) return "transferred_code";
        if (door.IsOut) return ticket.Inside == true ? Ok : "not_inside";
        if (ticket.Inside == true || (ticket.Inside == false && !door.ReEntry)) return "already_admitted";
        if (door.Now < door.CheckInFrom) return "too_early";
        return door.Now >= door.CheckInUntil ? "too_late" : Ok;
    }
}

/// <summary>A ticket as the scan found it under its lock.</summary>
/// <param name="Inside">Null if it was never admitted.</param>
internal sealed record ScannedTicket(Guid EventId, string Status, int OwnerVersion, bool? Inside);

/// <summary>The door at which it is held out.</summary>
internal sealed record DoorState(
    Guid EventId, string EventStatus, bool ReEntry, DateTimeOffset CheckInFrom, DateTimeOffset CheckInUntil, DateTimeOffset Now, int CodeOwnerVersion, bool IsOut);
