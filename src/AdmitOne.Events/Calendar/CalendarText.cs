using System.Globalization;
using System.Text;

namespace AdmitOne.Events.Calendar;

/// <summary>Writes iCalendar (RFC 5545): lines of at most 75 octets that end in CRLF, and texts escaped.</summary>
public sealed class CalendarText
{
    private const int MaxOctets = 75;

    private readonly StringBuilder _text = new();

    /// <summary>A line whose value is used as it is.</summary>
    public CalendarText Line(string name, string value)
    {
        var octets = 0;
        foreach (var letter in $"{name}:{value}".EnumerateRunes())
        {
            // The space that continues a line counts; a letter is never cut in two.
            if (octets + letter.Utf8SequenceLength > MaxOctets)
            {
                _text.Append("\r\n ");
                octets = 1;
            }
            _text.Append(letter);
            octets += letter.Utf8SequenceLength;
        }
        _text.Append("\r\n");
        return this;
    }

    /// <summary>A line whose value is text that somebody wrote; nothing, if there is none.</summary>
    public CalendarText Words(string name, string? text) => string.IsNullOrEmpty(text) ? this : Line(name, Escape(text));

    public CalendarText Words(string name, IEnumerable<string> texts) => texts.Select(Escape).ToArray() is { Length: > 0 } all ? Line(name, string.Join(',', all)) : this;

    /// <summary>An instant, in UTC and to the second.</summary>
    public CalendarText Instant(string name, DateTimeOffset instant) => Line(name, instant.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture));

    public CalendarText Number(string name, int number) => Line(name, number.ToString(CultureInfo.InvariantCulture));

    public override string ToString() => _text.ToString();

    /// <remarks>RFC 5545, section 3.3.11. Control characters other than the tab have no way of being written.</remarks>
    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var letter in text.ReplaceLineEndings("\n"))
        {
            if (letter == '\n') escaped.Append("\\n");
            else if (letter is '\\' or ';' or ',') escaped.Append('\\').Append(letter);
            else if (!char.IsControl(letter) || letter == '\t') escaped.Append(letter);
        }
        return escaped.ToString();
    }
}
