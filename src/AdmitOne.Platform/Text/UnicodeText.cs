using System.Buffers;
using System.Globalization;
using System.Text;

namespace AdmitOne.Platform.Text;

/// <summary>Which characters a text from outside may have. The rule is the same for every text of every request.</summary>
/// <remarks>General categories and noncharacters as in The Unicode Standard; bidirectional controls as in UAX #9.</remarks>
public static class UnicodeText
{
    /// <summary>What is said of a text that is no Unicode.</summary>
    public const string HalfAPair = "Must be valid Unicode: half of a surrogate pair is not a character.";

    private const int BlackFlag = 0x1F3F4, FirstTag = 0xE0020, LastTag = 0xE007F;

    // Most texts have nothing else, and are done with one vectorised look.
    private static readonly SearchValues<char> s_harmless =
        SearchValues.Create([.. Enumerable.Range(' ', '~' - ' ' + 1).Select(c => (char)c), '\t', '\n', '\r']);

    // Letters and marks by category that leave nothing to see.
    private static readonly SearchValues<char> s_blankLetters =
        SearchValues.Create("\u034F\u115F\u1160\u17B4\u17B5\u180B\u180C\u180D\u180F\u2800\u3164\uFFA0");

    /// <returns>Why the text cannot be taken, as a sentence; null if it can. Tabs and line ends are left to each property's rule.</returns>
    public static string? Fault(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.AsSpan().ContainsAnyExcept(s_harmless)) return null;
        var (seen, inFlag) = (false, false);
        for (var rest = text.AsSpan(); rest.Length > 0;)
        {
            if (Rune.DecodeFromUtf16(rest, out var rune, out var length) != OperationStatus.Done) return HalfAPair;
            // The flags of England, Scotland and Wales are spelt with tags; anywhere else a tag is hidden text.
            inFlag = rune.Value == BlackFlag || (inFlag && rune.Value is >= FirstTag and <= LastTag);
            if (!inFlag && Forbidden(rune) is { } fault) return fault;
            seen |= !IsInvisible(rune);
            rest = rest[length..];
        }
        return seen ? null : "Must not be blank.";
    }

    /// <summary>Whether the text has nothing to see: it is empty, or of white space and characters without width or shape.</summary>
    public static bool IsBlank(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        foreach (var rune in text.EnumerateRunes())
            if (!IsInvisible(rune)) return false;
        return true;
    }

    /// <summary>Whether a reader sees nothing at its place.</summary>
    public static bool IsInvisible(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
            or UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        || (rune.IsBmp && s_blankLetters.Contains((char)rune.Value))
        || rune.Value is (>= 0xFE00 and <= 0xFE0F) or (>= 0xE0000 and <= 0xE0FFF) or 0x16FE4 or 0x1D159;

    /// <summary>How long a text is in code points, as JSON Schema and PostgreSQL count: 🎉 is 1, where .NET's Length says 2.</summary>
    public static int Length(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var length = text.Length;
        for (var n = 1; n < text.Length; n++)
            if (char.IsSurrogatePair(text[n - 1], text[n])) length--;
        return length;
    }

    private static string? Forbidden(Rune rune) => rune.Value switch
    {
        '\t' or '\n' or '\r' => null,
        < 0x20 or (>= 0x7F and <= 0x9F) => "Control characters are not allowed.",
        (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069) =>
            $"U+{rune.Value:X4} is not allowed: it changes the direction of the text around it.",
        (>= 0xFDD0 and <= 0xFDEF) => $"U+{rune.Value:X4} is not a character.",
        _ when (rune.Value & 0xFFFE) == 0xFFFE => $"U+{rune.Value:X4} is not a character.",
        0xFEFF or (>= 0x206A and <= 0x206F) or (>= 0xFFF9 and <= 0xFFFB) or (>= 0xE0000 and <= LastTag) =>
            $"U+{rune.Value:X4} is not allowed: it is invisible.",
        _ => null,
    };
}
