using System.Collections.Frozen;
using System.Text.Json;

namespace AdmitOne.Events.Lifecycle;

/// <summary>Where an event is in its life. In JSON and in the database it is the same word in snake_case.</summary>
public enum EventStatus
{
    Draft, Review, Approved, Published, OnSale, SalesPaused, SoldOut, InProgress, Completed, Postponed, Rescheduled, Cancelled,
}

/// <summary>The words of the states.</summary>
public static class EventStatuses
{
    private static readonly FrozenDictionary<EventStatus, string> s_words =
        Enum.GetValues<EventStatus>().ToFrozenDictionary(s => s, s => JsonNamingPolicy.SnakeCaseLower.ConvertName(s.ToString()));

    private static readonly FrozenDictionary<string, EventStatus> s_statuses = s_words.ToFrozenDictionary(w => w.Value, w => w.Key, StringComparer.Ordinal);

    /// <summary>In the order of an event's life.</summary>
    public static IEnumerable<string> Words => Enum.GetValues<EventStatus>().Select(Word);

    public static string Word(this EventStatus status) => s_words[status];

    /// <returns>False for a word that is no state.</returns>
    public static bool TryRead(string word, out EventStatus status) => s_statuses.TryGetValue(word, out status);

    public static EventStatus Read(string word) => s_statuses[word];
}
