using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Platform.Http;

/// <summary>A resource's version as a strong entity tag (RFC 9110 §8.8.3), and the preconditions that name it.</summary>
public static class EntityTag
{
    public static string Of(int version) => $"\"{version.ToString(CultureInfo.InvariantCulture)}\"";

    /// <summary>Of a resource that has no version: a digest of its content, so that two that say the same have the same.</summary>
    /// <returns>With its quotes.</returns>
    public static string OfContent<T>(T content) => $"\"{Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(content, Json.Answers)).AsSpan(0, 16))}\"";

    public static void Set(HttpContext context, int version) => context.Response.Headers.ETag = Of(version);

    /// <returns>True if the client already has this version: answer 304.</returns>
    public static bool IsKnown(HttpContext context, int version) => IsKnown(context, Of(version));

    /// <summary>The same for a resource whose tag is not a version.</summary>
    /// <param name="tag">With its quotes.</param>
    public static bool IsKnown(HttpContext context, string tag) => context.Request.Headers.IfNoneMatch.Count > 0 &&
        context.Request.Headers.IfNoneMatch.SelectMany(h => (h ?? "").Split(',')).Select(t => t.Trim()).Any(t => t == "*" || t == tag || t == $"W/{tag}");

    /// <summary>For a resource whose edits may name a version, and need not.</summary>
    /// <param name="tag">What it has now, with quotes.</param>
    /// <returns>False if If-Match is there and names another.</returns>
    public static bool Accepts(HttpContext context, string tag)
    {
        var tags = Named(context);
        return tags.Length == 0 || tags.Any(named => named == "*" || named == tag);
    }

    /// <summary>An edit must say which version it edits.</summary>
    /// <returns>428 without If-Match, 412 if it names another version, else null.</returns>
    public static Refusal? Refuse(HttpContext context, int currentVersion)
    {
        var tags = Named(context);
        if (tags.Length == 0) return PlatformProblems.IfMatchRequired.With($"Send If-Match with the ETag you read; it is {Of(currentVersion)} now.");
        return tags.Any(tag => tag == "*" || tag == Of(currentVersion))
            ? null
            : PlatformProblems.VersionMismatch.With($"It is at {Of(currentVersion)} now; read it again and repeat your change.");
    }

    private static string[] Named(HttpContext context) => [.. context.Request.Headers.IfMatch.SelectMany(h => (h ?? "").Split(',')).Select(t => t.Trim()).Where(t => t.Length > 0)];
}
