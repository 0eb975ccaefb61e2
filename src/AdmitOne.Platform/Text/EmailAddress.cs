using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace AdmitOne.Platform.Text;

/// <summary>E-mail addresses that can receive mail, each in the one spelling by which it is compared.</summary>
/// <remarks>
/// RFC 5321 and 6531 without quoted local parts and address literals, which no mail provider gives out. Two addresses are the same
/// if they differ in case only, or if one writes its domain in Unicode and the other in ASCII (<c>xn--</c>, RFC 5890).
/// </remarks>
public static class EmailAddress
{
    /// <summary>In octets of UTF-8, with the domain in ASCII: RFC 5321, section 4.5.3.1.3, less the angle brackets.</summary>
    public const int MaxLength = 254;

    private const int MaxLocalLength = 64, MaxDomainLength = 253, MaxLabelLength = 63;
    private const string LocalSymbols = "!#$%&'*+/=?^_`{|}~-.";

    private static readonly IdnMapping s_idn = new() { UseStd3AsciiRules = true };

    /// <param name="text">White space around it does not count.</param>
    /// <param name="address">NFC, case-folded, with the domain in Unicode.</param>
    /// <returns>False if no mail can be sent there.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out string? address)
    {
        address = null;
        if (text?.Trim(' ', '\t', '\r', '\n') is not { Length: > 0 } trimmed || UnicodeText.Fault(trimmed) is not null) return false;
        var folded = FoldCase(trimmed);
        if (folded.Split('@') is not [var local, var domain] || !IsLocalPart(local)) return false;
        if (!TryReadDomain(domain, out var ascii, out var unicode)) return false;
        if (Encoding.UTF8.GetByteCount(local) + 1 + ascii.Length > MaxLength) return false;
        address = $"{local}@{unicode}";
        return true;
    }

    /// <summary>The spelling by which an address is compared. What is no address, as in an issuer's token, is case-folded and equals none.</summary>
    public static string Fold(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out var address) ? address : FoldCase(text.Trim());
    }

    // Upper case first: a final sigma and a sigma have one capital.
    private static string FoldCase(string text) => Nfc.Of(Nfc.Of(text).ToUpperInvariant().ToLowerInvariant());

    private static bool IsLocalPart(string local) =>
        Encoding.UTF8.GetByteCount(local) is > 0 and <= MaxLocalLength && local.Split('.').All(atom => atom.Length > 0)
        && local.EnumerateRunes().All(rune => rune.IsAscii ? IsInAtom((char)rune.Value) : !UnicodeText.IsInvisible(rune));

    private static bool IsInAtom(char c) => char.IsAsciiLetterOrDigit(c) || LocalSymbols.Contains(c, StringComparison.Ordinal);

    private static bool TryReadDomain(string domain, [NotNullWhen(true)] out string? ascii, [NotNullWhen(true)] out string? unicode)
    {
        (ascii, unicode) = (null, null);
        try
        {
            unicode = FoldCase(string.Join('.', domain.Split('.').Select(label => IsPunycode(label) ? s_idn.GetUnicode(label) : label)));
            // Letters, digits and marks of any script and hyphens, between full stops.
            if (!unicode.EnumerateRunes().All(rune => rune.Value is '.' or '-' || IsLetterDigitOrMark(rune))) return false;
            if (unicode.Split('.').Any(IsPunycode)) return false;   // it says that it is Punycode, and is none
            ascii = s_idn.GetAscii(unicode);
        }
        catch (ArgumentException)
        {
            return false;   // a label that is empty, too long, or no Punycode
        }
        var labels = ascii.Split('.');
        return ascii.Length <= MaxDomainLength && labels.Length > 1
            && labels.All(label => label.Length is > 0 and <= MaxLabelLength && label[0] != '-' && label[^1] != '-'
                && label.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'))
            && !labels[^1].All(char.IsAsciiDigit);
    }

    private static bool IsPunycode(string label) => label.StartsWith("xn--", StringComparison.Ordinal);

    private static bool IsLetterDigitOrMark(Rune rune) => !UnicodeText.IsInvisible(rune) && (Rune.IsLetterOrDigit(rune)
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark);
}
