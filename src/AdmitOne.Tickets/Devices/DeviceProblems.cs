using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Tickets.Devices;

/// <summary>Why a scanner was turned away.</summary>
public static class DeviceProblems
{
    /// <summary>A manager took the scanner out of service. Register it anew if it is still yours.</summary>
    public static readonly ProblemType DeviceRevoked = new("device_revoked", StatusCodes.Status403Forbidden, "This scanner was taken out of service")
    {
        Like = "It was revoked at 2026-11-22 18:30:00Z; ask a manager to register it anew.",
    };

    internal static Refusal Revoked(DateTimeOffset at) => DeviceRevoked.With($"It was revoked at {at:u}; ask a manager to register it anew.");
}
