using System.Buffers;
using System.Text;
using System.Text.Json;

namespace AdmitOne.Platform.Http;

/// <summary>Instants in RFC 3339, in bodies and in query strings.</summary>
internal static class Instant
{
    private const int DateLength = 10, DateTimeLength = 19;

    private static readonly SearchValues<char> s_characters = SearchValues.Create("0123456789-:.+TtZz");

    /// <param name="text">With any offset from UTC, which must be there: a text without one would mean the clocks of this machine.</param>
    /// <param name="instant">In UTC, in microseconds, as PostgreSQL keeps it.</param>
    public static bool TryParse(string? text, out DateTimeOffset instant)
    {
        instant = default;
        if (text is not { Length: > DateTimeLength and <= 64 } || text.AsSpan().ContainsAnyExcept(s_characters)) return false;
        if (text[DateLength] is not ('T' or 't')) return false;
        if (text[^1] is not ('Z' or 'z') && text.LastIndexOfAny(['+', '-']) < DateTimeLength) return false;
        // The serializer's own reader has the rest of the rules; it knows capitals only.
        var reader = new Utf8JsonReader(Encoding.ASCII.GetBytes($"\"{text.ToUpperInvariant()}\""));
        if (!reader.Read() || !reader.TryGetDateTimeOffset(out var read)) return false;
        instant = new DateTimeOffset(read.UtcTicks - (read.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
        return true;
    }
}
