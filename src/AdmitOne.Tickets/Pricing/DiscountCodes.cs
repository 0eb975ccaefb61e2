using System.Text.RegularExpressions;
using AdmitOne.Platform.Problems;

namespace AdmitOne.Tickets.Pricing;

/// <summary>The codes of a request: one, or several that may be combined, separated by commas. Upper and lower case are the same.</summary>
internal static partial class DiscountCodes
{
    public const int MaxCodes = 3;
    public const int MaxText = 130;

    /// <returns>The codes in upper case, as the database compares them, or why they cannot be any.</returns>
    public static (IReadOnlyList<string> Codes, Refusal? Refusal) Read(string? text)
    {
        if (text is null) return ([], null);
        var codes = text.Split(',', StringSplitOptions.TrimEntries).Select(code => code.ToUpperInvariant()).Distinct().ToArray();
        if (codes.Length > MaxCodes) return ([], PricingProblems.DiscountInvalid.With($"At most {MaxCodes} codes are taken at once."));
        return codes.FirstOrDefault(code => !Readable().IsMatch(code)) is { } none ? ([], None(none)) : (codes, null);
    }

    public static Refusal None(string code) => PricingProblems.DiscountInvalid.With($"There is no discount \"{code}\".");

    [GeneratedRegex("^[A-Z0-9][A-Z0-9_-]{0,39}$")]
    private static partial Regex Readable();
}
