using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AdmitOne.Platform.Text;

namespace AdmitOne.Events.Events;

/// <summary>The readable name of an event in an address, unique among the organiser's events.</summary>
public static class Slug
{
    public const int MaxLength = 100;

    private const string Fallback = "event";
    private const string SuffixLetters = "abcdefghjkmnpqrstuvwxyz23456789";
    private const int CountedTries = 5;

    // Letters of Latin scripts that do not decompose into a plain letter and a mark.
    private static readonly Dictionary<char, string> s_plain = new()
    {
        ['ß'] = "ss", ['æ'] = "ae", ['œ'] = "oe", ['ø'] = "o", ['đ'] = "d", ['ð'] = "d", ['ł'] = "l", ['þ'] = "th", ['ı'] = "i", ['ħ'] = "h", ['&'] = " and ",
    };

    /// <summary>Makes <c>jazz-im-hof</c> of "Jazz im Hof!".</summary>
    /// <param name="decomposed">A name in Unicode's form NFKD: letters apart from their marks. PostgreSQL makes it, for without ICU .NET cannot.</param>
    /// <returns>At most 106 of a–z, 0–9 and single hyphens; never something that reads as an id.</returns>
    public static string Of(string decomposed)
    {
        ArgumentNullException.ThrowIfNull(decomposed);
        var slug = new StringBuilder();
        foreach (var letter in decomposed.ToLowerInvariant())
        {
            if (CharUnicodeInfo.GetUnicodeCategory(letter) is UnicodeCategory.NonSpacingMark || letter is '\'' or '’') continue;
            foreach (var c in s_plain.TryGetValue(letter, out var plain) ? plain : letter.ToString())
            {
                if (char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c)) slug.Append(c);
                else if (slug.Length > 0 && slug[^1] != '-') slug.Append('-');
            }
        }
        var text = Shorten(slug.ToString().TrimEnd('-'));
        if (text.Length == 0) return Fallback;
        return Guid.TryParse(text, out _) ? $"{Fallback}-{text}" : text;
    }

    /// <summary>A slug as it is kept: letters in lower case, in Unicode's form NFC.</summary>
    public static string Normalize(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Nfc.Of(text.ToLowerInvariant());
    }

    /// <summary>Whether a text could be the slug of something: letters, marks and digits of any script, in lower case, and single hyphens between them.</summary>
    public static bool IsOne(string text) =>
        text is { Length: > 0 and <= 120 } && text[0] != '-' && text[^1] != '-' && !text.Contains("--", StringComparison.Ordinal)
        && text.EnumerateRunes().All(rune => rune.Value == '-' || (IsWordPart(Rune.GetUnicodeCategory(rune)) && Rune.ToLowerInvariant(rune) == rune));

    private static bool IsWordPart(UnicodeCategory category) => category is UnicodeCategory.LowercaseLetter or UnicodeCategory.OtherLetter or UnicodeCategory.ModifierLetter
        or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;

    /// <summary>The slug itself, then <c>-2</c>, <c>-3</c> and so on, then endings that nobody else is trying right now.</summary>
    /// <param name="attempt">Counted from 1.</param>
    public static string Candidate(string slug, int attempt) => attempt switch
    {
        1 => slug,
        <= CountedTries => $"{slug}-{attempt.ToString(CultureInfo.InvariantCulture)}",
        _ => $"{slug}-{RandomNumberGenerator.GetString(SuffixLetters, 6)}",
    };

    private static string Shorten(string slug)
    {
        if (slug.Length <= MaxLength) return slug;
        var word = slug.LastIndexOf('-', MaxLength);
        return word > MaxLength / 2 ? slug[..word] : slug[..MaxLength];
    }
}
