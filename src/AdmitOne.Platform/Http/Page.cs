using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace AdmitOne.Platform.Http;

/// <summary>One page of a list in stable order; <see cref="NextCursor"/> is null on the last.</summary>
public sealed record Page<T>(IReadOnlyList<T> Items, string? NextCursor);

/// <summary>Limits of every list: <c>?limit=</c> is 1–100 and 20 by default.</summary>
public static class Paging
{
    public const int DefaultLimit = 20;
    public const int MaxLimit = 100;

    /// <summary>Makes a page from up to <paramref name="limit"/> + 1 rows: the one too many says that there is a next page.</summary>
    /// <param name="position">What the query needs to go on after a row; it comes back from <see cref="Cursor.TryRead{T}"/>.</param>
    public static Page<TItem> Make<TRow, TItem, TPosition>(IReadOnlyList<TRow> rows, int limit, Func<TRow, TItem> item, Func<TRow, TPosition> position) =>
        new(rows.Take(limit).Select(item).ToArray(), rows.Count > limit ? Cursor.Write(position(rows[limit - 1])) : null);
}

/// <summary>An opaque place in a list. It holds values to compare with, not a page number, so rows added meanwhile neither repeat nor hide others.</summary>
public static class Cursor
{
    private const int MaxLength = 500;

    public static string Write<T>(T position) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(position, Json.Answers));

    /// <returns>False if the text was not made by <see cref="Write{T}"/>.</returns>
    public static bool TryRead<T>(string text, out T? position)
    {
        position = default;
        if (text.Length > MaxLength || !Base64Url.IsValid(text)) return false;
        try
        {
            position = JsonSerializer.Deserialize<T>(Base64Url.DecodeFromChars(text), Json.Answers);
            return position is not null;
        }
        catch (Exception unreadable) when (unreadable is JsonException or DecoderFallbackException or FormatException)
        {
            return false;
        }
    }
}
