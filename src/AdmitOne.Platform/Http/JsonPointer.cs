using System.Text;

namespace AdmitOne.Platform.Http;

/// <summary>JSON pointers (RFC 6901).</summary>
internal static class JsonPointer
{
    public static string Escape(string name) =>
        name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    /// <param name="path">As the serializer writes it: <c>$.items[0]['a.b']</c>.</param>
    /// <returns>Such as <c>/items/0/a.b</c>.</returns>
    public static string FromPath(string? path)
    {
        var pointer = new StringBuilder();
        foreach (var step in Steps(path)) pointer.Append('/').Append(Escape(step));
        return pointer.ToString();
    }

    /// <summary>The names and places along a path of the serializer.</summary>
    public static IEnumerable<string> Steps(string? path)
    {
        var rest = path is null ? "" : path.TrimStart('$');
        while (rest.Length > 0)
        {
            var (start, end) = rest switch
            {
                ['[', '\'', ..] => (2, rest.IndexOf("']", StringComparison.Ordinal)),
                ['[', ..] => (1, rest.IndexOf(']', StringComparison.Ordinal)),
                ['.', ..] => (1, rest.IndexOfAny(['.', '['], 1)),
                _ => (0, -1),
            };
            if (end < start) end = rest.Length;
            yield return rest[start..end];
            // A bracket, or a quote and a bracket, ends a step in brackets.
            if (end < rest.Length && rest[end] is '\'' or ']') end += rest[end] == '\'' ? 2 : 1;
            rest = rest[Math.Min(rest.Length, end)..];
        }
    }
}
