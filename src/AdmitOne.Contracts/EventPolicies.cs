using System.ComponentModel.DataAnnotations;

namespace AdmitOne.Contracts;

/// <summary>Until when a buyer may give tickets back, and what that costs.</summary>
public sealed record RefundPolicy
{
    /// <summary>Hours before the start at which refunds end; at most a year.</summary>
    [Range(0, 8760)]
    public int UntilHoursBefore { get; init; } = 24;

    /// <summary>Kept from the refunded amount, in whole per cent.</summary>
    [Range(0, 100)]
    public int FeePercent { get; init; }
}

/// <summary>Whether and until when a ticket may be given to somebody else.</summary>
public sealed record TransferPolicy
{
    public bool Allowed { get; init; } = true;

    /// <summary>Hours before the doors open at which transfers end; at most a year.</summary>
    [Range(0, 8760)]
    public int UntilHoursBefore { get; init; }
}
