using System.Text;

namespace AdmitOne.Events.Sections;

/// <summary>The short name of a section, when nobody chose one.</summary>
public static class SectionCode
{
    public const int MaxLength = 20;

    private const string Fallback = "SECTION";

    /// <returns><c>MAIN-FLOOR</c> of "Main floor": letters and digits of any script in upper case, 1 to 20 characters.</returns>
    public static string Of(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var code = new StringBuilder(MaxLength);
        foreach (var letter in name.ToUpperInvariant().EnumerateRunes())
        {
            if (code.Length + letter.Utf16SequenceLength > MaxLength) break;
            if (Rune.IsLetterOrDigit(letter)) code.Append(letter);
            else if (code.Length > 0 && code[^1] != '-') code.Append('-');
        }
        var text = code.ToString().TrimEnd('-');
        return text.Length == 0 ? Fallback : text;
    }
}
