using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Inventory;

/// <summary>How much of an event's stock one customer may keep from others without paying for it.</summary>
public sealed class InventoryOptions
{
    /// <summary>How many places of one event a customer may hold or have in unsettled payments at a time. What staff sell for cash does not count; one order may be as large as a maxPerOrder that its organiser raised above 10.</summary>
    [ConfigurationKeyName("RESERVATION_MAX_UNPAID_PER_CUSTOMER"), Range(1, 1_000_000)]
    public int MaxUnpaidPerCustomer { get; set; } = 20;

    /// <summary>Holds are shorter once less than this share of a ticket type, in per cent, is free; 0: never.</summary>
    [ConfigurationKeyName("RESERVATION_SCARCE_PERCENT"), Range(0, 100)]
    public int ScarcePercent { get; set; } = 10;

    /// <summary>How long such a hold keeps its tickets; RESERVATION_TTL_SECONDS if that is less.</summary>
    [ConfigurationKeyName("RESERVATION_SCARCE_TTL_SECONDS"), Range(1, 86_400)]
    public int ScarceTtlSeconds { get; set; } = 300;

    internal HoldRules Rules => new(MaxUnpaidPerCustomer, ScarcePercent, TimeSpan.FromSeconds(ScarceTtlSeconds));
}

[OptionsValidator]
internal sealed partial class InventoryOptionsValidator : IValidateOptions<InventoryOptions>;

/// <summary>What a hold may take, and for how long.</summary>
/// <param name="MaxUnpaid">Places of one event that a customer may have unpaid at a time.</param>
/// <param name="ScarcePercent">Holds are short once less than this share of a type is free; 0: never.</param>
/// <param name="ScarceKeepFor">How long a short hold lasts at most.</param>
internal sealed record HoldRules(int MaxUnpaid, int ScarcePercent, TimeSpan ScarceKeepFor)
{
    /// <summary>What maxPerOrder of a ticket type is unless its organiser decides otherwise.</summary>
    public const int UsualOrder = 10;

    public static HoldRules None { get; } = new(int.MaxValue, ScarcePercent: 0, TimeSpan.Zero);
}
