namespace AdmitOne.Tickets.Scans;

/// <summary>Words for what came of a scan that was made offline.</summary>
internal static class OfflineOutcomes
{
    public const string Accepted = "accepted";

    /// <summary>The same scanner had let this ticket pass already, so nobody came in by it.</summary>
    public const string Duplicate = "duplicate";

    /// <summary>Another gate let the ticket in before.</summary>
    public const string Conflict = "conflict";

    public const string Refused = "refused";

    public static readonly IReadOnlyList<string> All = [Accepted, Duplicate, Conflict, Refused];
}

/// <summary>One time that a ticket was let through, or was held out offline to a scanner that could not know better.</summary>
/// <param name="IsOnline">The service itself let it through at once; no upload takes that back.</param>
/// <param name="OwnerVersion">Whose code it was.</param>
internal sealed record Passage(Guid Id, DateTimeOffset At, bool IsOut, string? Gate, Guid? DeviceId, bool IsOnline = false, int OwnerVersion = 1);

/// <summary>What came of it, as far as is known by now.</summary>
/// <param name="FirstId">Of a conflict: the passage that had let the ticket in, or that let it in online.</param>
internal sealed record Verdict(Passage Passage, string Outcome, Guid? FirstId)
{
    public string Result => Outcome switch { OfflineOutcomes.Accepted => "admitted", OfflineOutcomes.Conflict => "conflict", _ => "refused" };

    public string Reason => Outcome switch { OfflineOutcomes.Accepted => ScanReasons.Ok, OfflineOutcomes.Refused => ScanReasons.NotInside, _ => ScanReasons.AlreadyAdmitted };
}

/// <summary>
/// Everything that is known of one ticket at the door, in the order in which it happened, whatever order it was heard of in. What the service let
/// through at once stays so; of the rest, first by time wins. The verdicts follow from the passages alone, so that devices may upload in any order
/// and any number of times.
/// </summary>
internal sealed record TicketTimeline(IReadOnlyList<Verdict> Verdicts, Passage? First, bool Inside)
{
    public static TicketTimeline Of(IEnumerable<Passage> passages, bool reEntry)
    {
        // Of one instant, whoever is named first: any rule will do that does not ask who uploaded first.
        var inOrder = passages.OrderBy(p => p.At).ThenBy(p => p.IsOut).ThenBy(p => !p.IsOnline)
            .ThenBy(p => p.DeviceId).ThenBy(p => p.Gate, StringComparer.Ordinal).ThenBy(p => p.Id).ToList();
        var onlineNext = OnlineNext(inOrder, reEntry);
        var verdicts = new List<Verdict>();
        Passage? first = null;
        Passage? letIn = null;
        var inside = false;
        var seenBy = new HashSet<(Guid DeviceId, int OwnerVersion)>();
        for (var n = 0; n < inOrder.Count; n++)
        {
            var passage = inOrder[n];
            if (passage.IsOut)
            {
                verdicts.Add(new Verdict(passage, inside || passage.IsOnline ? OfflineOutcomes.Accepted : OfflineOutcomes.Refused, null));
                inside = false;
                if (reEntry) seenBy.Clear();
                continue;
            }
            var isDuplicate = passage.DeviceId is { } device && !seenBy.Add((device, passage.OwnerVersion));
            if (passage.IsOnline || (onlineNext[n] is null && (first is null || (reEntry && !inside))))
            {
                verdicts.Add(new Verdict(passage, OfflineOutcomes.Accepted, null));
                first ??= passage;
                letIn = passage;
                inside = true;
            }
            else
            {
                var beside = ((inside ? letIn : null) ?? onlineNext[n] ?? letIn)!;
                verdicts.Add(isDuplicate ? new Verdict(passage, OfflineOutcomes.Duplicate, null) : new Verdict(passage, OfflineOutcomes.Conflict, beside.Id));
            }
        }
        return new TicketTimeline(verdicts, first, inside);
    }

    // The online admission that follows each passage before the ticket leaves: had an earlier scan counted, it would have been none.
    private static Passage?[] OnlineNext(List<Passage> inOrder, bool reEntry)
    {
        var next = new Passage?[inOrder.Count];
        Passage? online = null;
        for (var n = inOrder.Count - 1; n >= 0; n--)
        {
            next[n] = online;
            if (inOrder[n].IsOut && reEntry) online = null;
            else if (inOrder[n] is { IsOut: false, IsOnline: true }) online = inOrder[n];
        }
        return next;
    }
}
