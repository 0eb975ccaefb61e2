using AdmitOne.Platform.Identity;

namespace AdmitOne.Tickets.Inventory;

/// <summary>What is known of who buys, from little to much.</summary>
internal enum BuyerStanding { Guest, Account, VerifiedEmail }

internal static class BuyerStandings
{
    /// <summary>By the caller's verified token. Staff sell to people at the counter, whatever the event asks of those who buy by themselves.</summary>
    public static BuyerStanding Of(Caller caller) => caller switch
    {
        { IsGuest: true } => BuyerStanding.Guest,
        { EmailIsVerified: true } or { IsStaff: true } => BuyerStanding.VerifiedEmail,
        _ => BuyerStanding.Account,
    };
}
