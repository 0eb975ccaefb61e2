using System.Security.Cryptography;
using System.Text.Json;
using AdmitOne.Cli.Local;
using AdmitOne.Platform.Http;
using AdmitOne.Tickets.Codes;
using AdmitOne.Tickets.Scans;

namespace AdmitOne.Cli.Scanning;

/// <summary>A pack as it lies on the disk.</summary>
/// <param name="Ahead">How far the server's clock was ahead of ours when the pack came; negative if behind.</param>
internal sealed record KeptPack(DoorPack Pack, TimeSpan Ahead);

/// <summary>What a scanner without a network says to a code.</summary>
internal sealed record OfflineAnswer(string Result, string Reason, string? Type, string? Section, string? Holder, DateTimeOffset? FirstAt);

/// <summary>
/// Decides by the pack and by what this scanner has let pass itself: the same reasons in the same order as the service's. What it cannot know is
/// what other scanners without a network do meanwhile; the service finds that out when they are back.
/// </summary>
internal sealed class OfflineDoor : IDisposable
{
    private readonly KeptPack _kept;
    private readonly List<ECDsa> _keys;
    private readonly Dictionary<string, byte[]> _records = [];
    private readonly Dictionary<string, (bool Inside, DateTimeOffset FirstAt, uint? LastStep)> _passed = [];
    private readonly ScanJournal _journal;
    private readonly TimeProvider _clock;

    public OfflineDoor(KeptPack kept, ScanJournal journal, TimeProvider clock)
    {
        (_kept, _journal, _clock) = (kept, journal, clock);
        _keys = kept.Pack.Keys.Select(key => key.Import()).ToList();
        foreach (var record in kept.Pack.Records.Select(Convert.FromBase64String)) _records[Lookup(record)] = record;
        foreach (var line in journal.Lines.Where(l => l.Result == "admitted")) Remember(line);
    }

    /// <exception cref="CannotRunException">There is no pack.</exception>
    public static KeptPack Read(ScannerFolder folder) => ScannerFolder.TryRead<KeptPack>(folder.PackFile)
        ?? throw new CannotRunException("there is no pack to decide by: get one with `admitone scan pack` while there is a network");

    /// <summary>Puts a pack into the folder, or a delta onto the one that is there: the newest record of a code counts.</summary>
    public static KeptPack Keep(ScannerFolder folder, DoorPack arrived, TimeSpan ahead)
    {
        var pack = arrived;
        if (!arrived.Whole && ScannerFolder.TryRead<KeptPack>(folder.PackFile) is { } before)
        {
            var records = before.Pack.Records.ToDictionary(text => Lookup(Convert.FromBase64String(text)));
            foreach (var text in arrived.Records) records[Lookup(Convert.FromBase64String(text))] = text;
            pack = arrived with { Records = [.. records.Values] };
        }
        var kept = new KeptPack(pack, ahead);
        ScannerFolder.Replace(folder.PackFile, JsonSerializer.SerializeToUtf8Bytes(kept, Json.Answers));
        return kept;
    }

    /// <summary>Decides, and writes down what it decided before it says so.</summary>
    public OfflineAnswer Scan(string text, bool isOut, string? gate)
    {
        var now = _clock.GetUtcNow() + _kept.Ahead;
        text = ScannedText.Trim(text).ToString();
        var bytes = new byte[TicketCodes.StaticBytes];
        if (text.Length is not (TicketCodes.StaticCharacters or TicketCodes.RotatingCharacters) || !Base45.TryDecode(text, bytes, out var length)) return Refused("malformed");
        var carrier = bytes.AsSpan(0, CodeSeal.CarrierBytes);
        var rest = bytes.AsSpan(CodeSeal.CarrierBytes, length - CodeSeal.CarrierBytes);
        var isStatic = length == TicketCodes.StaticBytes;
        if (isStatic && !IsSigned(carrier, rest)) return Refused("malformed");
        var lookup = Convert.ToBase64String(PackRecord.Lookup(carrier));
        if (!_records.TryGetValue(lookup, out var record) || !PackRecord.TryOpen(carrier, record, out var ticket)) return Refused("unknown_ticket");
        uint? step = null;
        if (!isStatic)
        {
            if (ticket!.Secret is not { } secret || !RotatingCode.TryRead(secret, rest, out var read)) return Refused(ticket.State == PackedState.Transferred ? "transferred_code" : "malformed");
            step = read;
        }

        var reason = Find(ticket!, lookup, (isOut, step), now);
        var line = new JournalLine(Guid.CreateVersion7(now), lookup, text, now, gate, isOut ? "out" : "in", reason == "ok" ? "admitted" : "refused", reason, step, Online: false);
        var first = _passed.TryGetValue(lookup, out var passed) ? passed.FirstAt : (DateTimeOffset?)null;
        _journal.Add(line);
        if (reason == "ok") Remember(line);
        return new OfflineAnswer(line.Result, reason, Named(_kept.Pack.Types, ticket!.Type), Named(_kept.Pack.Sections, ticket.Section), ticket.Initials.Length == 0 ? null : ticket.Initials, first);
    }

    /// <summary>Writes down what the server let pass, so that it is known here when the network goes.</summary>
    /// <returns>The line, for a door that is open already.</returns>
    public static JournalLine? Note(ScanJournal journal, string text, bool isOut, Scan scan)
    {
        text = ScannedText.Trim(text).ToString();
        var bytes = new byte[TicketCodes.StaticBytes];
        if (scan.Result != "admitted" || !Base45.TryDecode(text, bytes, out var length)) return null;
        var carrier = bytes.AsSpan(0, CodeSeal.CarrierBytes);
        uint? step = length == TicketCodes.RotatingBytes ? System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(CodeSeal.CarrierBytes)) : null;
        var line = new JournalLine(Guid.CreateVersion7(scan.ScannedAt), Convert.ToBase64String(PackRecord.Lookup(carrier)), text, scan.ScannedAt, Gate: null, isOut ? "out" : "in", scan.Result, scan.Reason, step, Online: true);
        journal.Add(line);
        return line;
    }

    /// <summary>What the pack says of a code's ticket; null if it has no record of it.</summary>
    public PackedState? StateOf(string code)
    {
        var bytes = new byte[TicketCodes.StaticBytes];
        if (!Base45.TryDecode(code, bytes, out var length) || length < CodeSeal.CarrierBytes) return null;
        var carrier = bytes.AsSpan(0, CodeSeal.CarrierBytes);
        return _records.TryGetValue(Convert.ToBase64String(PackRecord.Lookup(carrier)), out var record) && PackRecord.TryOpen(carrier, record, out var ticket) ? ticket!.State : null;
    }

    public void Dispose() => _keys.ForEach(key => key.Dispose());

    private string Find(PackedTicket ticket, string lookup, (bool IsOut, uint? Step) held, DateTimeOffset now)
    {
        var pack = _kept.Pack;
        if (pack.Status == "cancelled") return "cancelled";
        switch (ticket.State)
        {
            case PackedState.Cancelled: return "cancelled";
            case PackedState.Refunded: return "refunded";
            case PackedState.Blocked: return "blocked";
            case PackedState.Transferred: return "transferred_code";
        }
        if (pack.CodePolicy == "rotating" && held.Step is null) return "expired_code";
        if (held.Step is { } step && !RotatingCode.IsDue(step, now)) return "expired_code";
        var known = _passed.TryGetValue(lookup, out var passed);
        var inside = known ? passed.Inside : ticket.Inside;
        if (held.IsOut) return inside == true ? "ok" : "not_inside";
        if (inside == true || (inside == false && !pack.ReEntry)) return "already_admitted";
        if (known && held.Step <= passed.LastStep) return "expired_code";
        if (now < pack.CheckInFrom) return "too_early";
        return now >= pack.CheckInUntil ? "too_late" : "ok";
    }

    public void Remember(JournalLine line)
    {
        var first = _passed.TryGetValue(line.Lookup, out var before) ? before.FirstAt : line.ScannedAt;
        _passed[line.Lookup] = (line.Direction == "in", first, line.Direction == "in" ? line.Step ?? before.LastStep : before.LastStep);
    }

    private bool IsSigned(ReadOnlySpan<byte> carrier, ReadOnlySpan<byte> signature)
    {
        foreach (var key in _keys)
            if (key.VerifyData(carrier, signature, HashAlgorithmName.SHA256)) return true;
        return false;
    }

    private static string? Named(IReadOnlyList<string> names, int place) => place < names.Count ? names[place] : null;

    private static string Lookup(byte[] record) => Convert.ToBase64String(record.AsSpan(0, PackRecord.LookupBytes));

    private static OfflineAnswer Refused(string reason) => new("refused", reason, null, null, null, null);
}
