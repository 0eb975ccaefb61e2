using System.ComponentModel.DataAnnotations;
using System.Globalization;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AdmitOne.Platform.RateLimiting;

/// <summary>How many calls one caller may make in one window. <c>docs/rate-limits.md</c> lists which limit counts which route.</summary>
public sealed class RateLimitOptions
{
    private const int Most = 100_000;
    private static readonly string[] s_words = [.. Enum.GetValues<RateTier>().Select(tier => tier == RateTier.QrScan ? "QR_SCAN" : tier.ToString().ToUpperInvariant())];

    /// <summary>false answers everybody without counting: for load tests, never for the public.</summary>
    [ConfigurationKeyName("ENABLE_RATE_LIMITING")]
    public bool Enabled { get; set; } = true;

    /// <summary>The window of every tier, in milliseconds: in no stretch of that length are more calls let through than the tier allows.</summary>
    [ConfigurationKeyName("RATE_LIMIT_WINDOW_MS"), Range(1000, 3_600_000)]
    public int WindowMs { get; set; } = 60_000;

    /// <summary>What GLOBAL and READ allow, unless they are told otherwise.</summary>
    [ConfigurationKeyName("RATE_LIMIT_MAX_REQUESTS"), Range(1, Most)]
    public int MaxRequests { get; set; } = 100;

    /// <summary>Calls without an accepted token, by client address; <c>RATE_LIMIT_MAX_REQUESTS</c> if not set.</summary>
    [ConfigurationKeyName("RATE_LIMIT_GLOBAL_MAX"), Range(1, Most)]
    public int? GlobalMax { get; set; }

    /// <summary>Reads of public pages without a token, by client address; if not set, RATE_LIMIT_GLOBAL_MAX, or without that 3000.</summary>
    [ConfigurationKeyName("RATE_LIMIT_PUBLIC_READ_MAX"), Range(1, Most)]
    public int? PublicReadMax { get; set; }

    /// <summary>Sign-ins, and proofs of an e-mail address, by client address. They are counted apart from its other calls.</summary>
    [ConfigurationKeyName("RATE_LIMIT_SIGN_IN_MAX"), Range(1, Most)]
    public int SignInMax { get; set; } = 300;

    /// <summary>Reads with a token, by user; <c>RATE_LIMIT_MAX_REQUESTS</c> if not set.</summary>
    [ConfigurationKeyName("RATE_LIMIT_READ_MAX"), Range(1, Most)]
    public int? ReadMax { get; set; }

    /// <summary>Writes that no other tier names, by user.</summary>
    [ConfigurationKeyName("RATE_LIMIT_WRITE_MAX"), Range(1, Most)]
    public int WriteMax { get; set; } = 10;

    /// <summary>Holds and purchases of a customer. A try that was refused without an effect is given back.</summary>
    [ConfigurationKeyName("RATE_LIMIT_PURCHASE_MAX"), Range(1, Most)]
    public int PurchaseMax { get; set; } = 5;

    /// <summary>Holds and purchases of a member of staff, who sells for cash; RATE_LIMIT_PURCHASE_MAX if that is more.</summary>
    [ConfigurationKeyName("RATE_LIMIT_BOX_OFFICE_MAX"), Range(1, Most)]
    public int BoxOfficeMax { get; set; } = 120;

    /// <summary>Transfers, by user.</summary>
    [ConfigurationKeyName("RATE_LIMIT_TRANSFER_MAX"), Range(1, Most)]
    public int TransferMax { get; set; } = 5;

    /// <summary>Administration, by user.</summary>
    [ConfigurationKeyName("RATE_LIMIT_ADMIN_MAX"), Range(1, Most)]
    public int AdminMax { get; set; } = 20;

    /// <summary>Webhooks that come in with a good signature, by tenant.</summary>
    [ConfigurationKeyName("RATE_LIMIT_WEBHOOK_MAX"), Range(1, Most)]
    public int WebhookMax { get; set; } = 100;

    /// <summary>Scans, by device, else by user.</summary>
    [ConfigurationKeyName("RATE_LIMIT_QR_SCAN_MAX"), Range(1, Most)]
    public int QrScanMax { get; set; } = 600;

    /// <summary>Raises tiers for roles: <c>venue_manager:WRITE=12,admin:WRITE=12</c> gives managers twelve times as many writes.</summary>
    [ConfigurationKeyName("RATE_LIMIT_MULTIPLIERS")]
    public string Multipliers { get; set; } = "";

    /// <summary>The calls of this tier in one window, before any multiplier.</summary>
    public int MaxOf(RateTier tier) => tier switch
    {
        RateTier.Global => GlobalMax ?? MaxRequests,
        RateTier.Read => ReadMax ?? MaxRequests,
        RateTier.Write => WriteMax,
        RateTier.Purchase => PurchaseMax,
        RateTier.Transfer => TransferMax,
        RateTier.Admin => AdminMax,
        RateTier.Webhook => WebhookMax,
        RateTier.QrScan => QrScanMax,
        _ => throw new ArgumentOutOfRangeException(nameof(tier)),
    };

    /// <summary>What GLOBAL allows an address for reads of public pages, whose answers shared caches may keep.</summary>
    public int MaxOfPublicReads => PublicReadMax ?? GlobalMax ?? Math.Max(3000, MaxRequests);

    /// <summary>What a role may do of this tier in one window, before any multiplier.</summary>
    public int MaxOf(RateTier tier, string role) => tier == RateTier.Purchase && role != Roles.Customer ? Math.Max(BoxOfficeMax, PurchaseMax) : MaxOf(tier);

    /// <summary>The tier as people write it: <c>QR_SCAN</c>.</summary>
    public static string Word(RateTier tier) => s_words[(int)tier];

    /// <returns>False if a part is not <c>role:TIER=number</c> with a number above 0.</returns>
    internal static bool TryReadMultipliers(string text, out Dictionary<(string Role, RateTier Tier), double> multipliers)
    {
        multipliers = [];
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (part.Split('=') is not [var who, var number] || who.Split(':') is not [var role, var word] || !Roles.All.Append(Roles.Device).Contains(role)
                || !double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var factor) || factor is not (> 0 and <= 10_000)) return false;
            var tiers = Enum.GetValues<RateTier>().Where(tier => Word(tier) == word).ToArray();
            if (tiers is not [var known]) return false;
            multipliers[(role, known)] = factor;
        }
        return true;
    }
}

[OptionsValidator]
internal sealed partial class RateLimitOptionsAnnotations : IValidateOptions<RateLimitOptions>;

internal sealed class RateLimitOptionsRules : IValidateOptions<RateLimitOptions>
{
    public ValidateOptionsResult Validate(string? name, RateLimitOptions options) => RateLimitOptions.TryReadMultipliers(options.Multipliers, out _)
        ? ValidateOptionsResult.Success
        : ValidateOptionsResult.Fail("RATE_LIMIT_MULTIPLIERS must be like venue_manager:WRITE=12,admin:WRITE=12.");
}
