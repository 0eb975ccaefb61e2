using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Devices;
using AdmitOne.Tickets.Lanes;

namespace AdmitOne.Tickets.Scans;

/// <summary>Where a code was held out, and to whom.</summary>
internal sealed record AtGate(string? Gate, Guid? DeviceId, Guid? StaffId);

/// <summary>One code at one gate, to be decided in its event's order.</summary>
internal sealed class ScanCommand(Guid tenantId, Guid eventId, HeldOut held, AtGate at) : LaneCommand(tenantId, eventId)
{
    private readonly TaskCompletionSource<(Scan? Scan, Refusal? Refusal)> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private (Scan? Scan, Refusal? Refusal) _decided;

    public HeldOut Held { get; } = held;

    public AtGate At { get; } = at;

    public Task<(Scan? Scan, Refusal? Refusal)> Done => _done.Task;

    /// <summary>Decides it from what its batch has read, after those that came before it. Doing it again does no harm.</summary>
    public void Decide(ScanView view, ScanChanges changes)
    {
        if (view.Door is not { } door)
        {
            _decided = (null, PlatformProblems.NotFound.With("There is no such event."));
            return;
        }
        if (At.DeviceId is { } device && view.Devices.TryGetValue(device, out var revokedAt)
            && AtTheDoor.RefuseRegistered(revokedAt, byStaff: At.StaffId is not null) is { } refusal)
        {
            _decided = (null, refusal);
            return;
        }
        // Sealed by us and gone from the books: there is no row that an attempt could point at.
        _decided = (view.Tickets.TryGetValue(Held.Code.Ticket.TicketId, out var ticket)
            ? Decide(ticket, door, view, changes)
            : new Scan(Id: null, "refused", ScanReasons.UnknownTicket, view.Now, Ticket: null, FirstAdmitted: null), null);
    }

    private protected override void Answer() => _done.TrySetResult(_decided);

    private protected override void Answer(Exception fault) => _done.TrySetException(fault);

    private protected override void Answer(CancellationToken cancelled) => _done.TrySetCanceled(cancelled);

    private Scan Decide(TicketAtDoor ticket, DoorState door, ScanView view, ScanChanges changes)
    {
        var first = ticket.First;
        var reason = ScanReasons.Find(ticket.Scanned, door, Held);
        var result = reason == ScanReasons.Ok ? "admitted" : "refused";
        var id = changes.NextId();
        changes.Attempts.Add(new Attempt(id, ticket.Id, Held.IsOut ? "out" : "in", result, reason, At));
        if (reason == ScanReasons.Ok) ticket.Pass(id, Held, At.Gate, view.Now);

        var shown = reason == ScanReasons.WrongEvent ? null : new ScannedFor(ticket.Id, ticket.Type, view.SectionName(ticket.SectionId), ticket.Holder);
        return new Scan(id, result, reason, view.Now, shown, first);
    }
}

/// <summary>An attempt with a code of ours, to be written down whatever came of it.</summary>
internal sealed record Attempt(Guid Id, Guid TicketId, string Direction, string Result, string Reason, AtGate At);

/// <summary>What a batch will write.</summary>
internal sealed class ScanChanges(DateTimeOffset now)
{
    // One random number for all: to ask the system for each took longer than to decide it, while the whole batch waited.
    private readonly Guid _ids = Guid.CreateVersion7(now);

    public List<Attempt> Attempts { get; } = [];

    /// <summary>For the attempt that is added next: a UUIDv7 whose last byte counts; 66 random bits remain beside the millisecond.</summary>
    public Guid NextId()
    {
        Span<byte> bytes = stackalloc byte[16];
        _ids.TryWriteBytes(bytes, bigEndian: true, out _);
        bytes[15] = checked((byte)Attempts.Count);   // Lane.MaxBatch is 256
        return new Guid(bytes, bigEndian: true);
    }
}
