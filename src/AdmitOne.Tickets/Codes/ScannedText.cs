using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AdmitOne.Tickets.Codes;

/// <summary>What a hand scanner sends around a code: line ends, tabs, blanks, control characters, a byte order mark, and AIM's prefix of the symbology (<c>]Q1</c>).</summary>
public static class ScannedText
{
    private const int AimPrefixLength = 3;

    /// <summary>Takes off what surrounds a code. A text that is no code becomes none by it.</summary>
    /// <returns>The code, or what is left of a text that is none.</returns>
    public static ReadOnlySpan<char> Trim(ReadOnlySpan<char> text)
    {
        // The last character of a code is a digit. The first may be a blank, one of the 45 characters, so blanks in front are taken off by the length of a code.
        var end = text.Length;
        while (end > 0 && IsAround(text[end - 1])) end--;
        text = text[..end];
        var start = 0;
        while (start < text.Length)
        {
            if (text[start] == ']' && start + AimPrefixLength <= text.Length) start += AimPrefixLength;   // no code has this character
            else if (IsAround(text[start]) && !IsCodeFrom(text, start)) start++;
            else break;
        }
        return text[start..];
    }

    /// <summary>SHA-256 of a text's code.</summary>
    public static byte[] Hash(ReadOnlySpan<char> text) => SHA256.HashData(Encoding.UTF8.GetBytes(Trim(text).ToString()));

    private static bool IsCodeFrom(ReadOnlySpan<char> text, int start) =>
        text[start] == ' ' && text.Length - start is TicketCodes.StaticCharacters or TicketCodes.RotatingCharacters && text[start + 1] != ']' && !IsAround(text[start + 1]);

    private static bool IsAround(char c) => char.IsWhiteSpace(c) || char.IsControl(c) || char.GetUnicodeCategory(c) == UnicodeCategory.Format;
}
