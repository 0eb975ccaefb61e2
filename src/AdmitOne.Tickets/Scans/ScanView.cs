using System.Text;
using System.Text.Json;

namespace AdmitOne.Tickets.Scans;

/// <summary>What a batch of scans has read under its locks, as the scans before have left it.</summary>
internal sealed class ScanView
{
    private Dictionary<Guid, string>? _sections;

    public required DateTimeOffset Now { get; init; }

    /// <summary>Null if there is no such event.</summary>
    public required DoorState? Door { get; init; }

    /// <summary>JSON, as the Event Service writes it.</summary>
    public required string Sections { get; init; }

    public required IReadOnlyDictionary<Guid, TicketAtDoor> Tickets { get; init; }

    /// <summary>Registered scanners, and when they were taken out of service.</summary>
    public required IReadOnlyDictionary<Guid, DateTimeOffset?> Devices { get; init; }

    public string? SectionName(Guid id) => (_sections ??= ReadSections(Sections)).GetValueOrDefault(id);

    /// <summary>The names of an event's sections by id, from the column of events.sale_window.</summary>
    public static Dictionary<Guid, string> ReadSections(string json)
    {
        using var sections = JsonDocument.Parse(json);
        return sections.RootElement.EnumerateObject().ToDictionary(s => Guid.Parse(s.Name), s => s.Value.GetProperty("name").GetString() ?? "");
    }
}

/// <summary>One ticket at the door.</summary>
internal sealed class TicketAtDoor(Guid id, ScannedTicket asRead)
{
    public Guid Id { get; } = id;

    public required Guid SectionId { get; init; }

    public required string Type { get; init; }

    /// <summary>Initials.</summary>
    public required string? Holder { get; init; }

    public ScannedTicket Scanned { get; private set; } = asRead;

    public FirstAdmission? First { get; set; }

    /// <summary>The attempt that admitted it in this batch; null if an earlier one did, or none.</summary>
    public Guid? AdmittedBy { get; private set; }

    public bool HasMoved { get; private set; }

    public void Pass(Guid attemptId, HeldOut held, string? gate, DateTimeOffset now)
    {
        if (First is null)
        {
            AdmittedBy = attemptId;
            First = new FirstAdmission(now, gate);
        }
        HasMoved = true;
        Scanned = Scanned with { Inside = !held.IsOut, LastStep = held is { IsOut: false, Code.Step: { } step } ? step : Scanned.LastStep };
    }
}

/// <summary>As much of a holder as a stranger at the gate needs.</summary>
internal static class Initials
{
    private const int MaxWords = 3;
    private const int MaxCharsOfRune = 2;

    public static string? Of(string? name, string? email)
    {
        var text = name ?? email?.Split('@', 2)[0].Replace('.', ' ') ?? "";
        Span<char> initials = stackalloc char[MaxWords * MaxCharsOfRune];
        var (length, words, inWord) = (0, 0, false);
        // The lane does this for each ticket of a batch, while all who are in it wait: no list of words is made.
        foreach (var rune in text.EnumerateRunes())
        {
            if (!inWord && rune.Value != ' ' && ++words <= MaxWords) length += Rune.ToUpperInvariant(rune).EncodeToUtf16(initials[length..]);
            inWord = rune.Value != ' ';
        }
        return words == 0 ? null : new string(initials[..length]);
    }
}
