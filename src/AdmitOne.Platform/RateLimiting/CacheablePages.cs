using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Platform.RateLimiting;

/// <summary>
/// Which public pages were answered so recently that a shared cache in front would still answer them by itself. Reading one of them costs its caller
/// no call. It decides about the cost only: every request is answered anew.
/// </summary>
internal sealed class CacheablePages(TimeProvider clock)
{
    private const int MaxPages = 10_000;
    private const int MaxLength = 512;
    private const string MaxAge = "public, max-age=";

    private readonly ConcurrentDictionary<string, (long Since, int Seconds)> _pages = new(StringComparer.Ordinal);

    public static string Of(HttpRequest request) => string.Concat(request.PathBase.Value, request.Path.Value, request.QueryString.Value);

    public bool IsFresh(string page) => _pages.TryGetValue(page, out var kept) && clock.GetElapsedTime(kept.Since).TotalSeconds < kept.Seconds;

    /// <summary>Remembers a page that was just answered, if shared caches may keep the answer.</summary>
    public void Note(string page, HttpResponse response)
    {
        if (response.StatusCode != StatusCodes.Status200OK || page.Length > MaxLength) return;
        var control = response.Headers.CacheControl.ToString();
        if (!control.StartsWith(MaxAge, StringComparison.Ordinal) || !int.TryParse(control.AsSpan(MaxAge.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)) return;
        if (_pages.Count >= MaxPages) _pages.Clear();   // they cost a call once more
        _pages[page] = (clock.GetTimestamp(), seconds);
    }
}
