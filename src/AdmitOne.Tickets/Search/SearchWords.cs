using System.Text;

namespace AdmitOne.Tickets.Search;

/// <summary>What was typed to find orders or tickets by: words, each of which must be in the number, a name or an address, whole or as a part.</summary>
internal static class SearchWords
{
    /// <summary>Of <c>q</c>, in characters.</summary>
    public const int MaxLength = 200;

    public const string Description = "q finds by order number, buyer's name, contact address, and by the names and addresses of attendees and holders, or a part of them: every word must be in one of these, "
        + "whatever its case and accents. Staff search all of their organiser's, others their own.";

    private const int MaxWords = 8;
    private const int MinLetters = 3;

    /// <returns>The words, or the rule that the text breaks; neither if nothing was typed.</returns>
    public static (string[]? Words, string? Fault) Of(string? text)
    {
        if (text is null) return (null, null);
        var words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length > MaxWords) return (null, $"At most {MaxWords} words.");
        // Names in Chinese are two characters long; of letters, two are in every other name, and no index finds them.
        return words.Any(word => !Ascii.IsValid(word) || word.Length >= MinLetters) ? (words, null) : (null, $"One word of at least {MinLetters} characters.");
    }
}
