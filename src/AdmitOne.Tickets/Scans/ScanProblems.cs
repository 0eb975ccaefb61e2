using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Tickets.Scans;

/// <summary>Why a scan was not undone.</summary>
public static class ScanProblems
{
    /// <summary>Only a scan that let the ticket in is undone, and only while it is the ticket's last one that counts.</summary>
    public static readonly ProblemType ScanNotUndoable = new("scan_not_undoable", StatusCodes.Status409Conflict, "The scan cannot be undone")
    {
        Like = "The ticket has passed since, at 2026-11-22 18:52:10Z.",
    };
}
