using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using AdmitOne.Platform.Http;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Platform.Problems;

/// <summary>Writes a refusal in the one shape that every error of both services has.</summary>
internal static class ProblemWriter
{
    public const string MediaType = "application/problem+json";

    /// <summary>Where the request log and the metrics find the code of the answer.</summary>
    public static readonly object CodeItem = new();

    public static async Task WriteAsync(HttpContext context, Refusal refusal)
    {
        context.Items[CodeItem] = refusal.Type.Code;
        context.Response.StatusCode = refusal.Type.Status;
        context.Response.ContentType = MediaType;
        context.Response.Headers.CacheControl = "no-store";
        if (refusal.Type.Status == StatusCodes.Status401Unauthorized) context.Response.Headers.WWWAuthenticate = "Bearer";
        if (refusal.RetryAfterSeconds is { } seconds) context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);

        if (HttpMethods.IsHead(context.Request.Method)) return;
        await JsonSerializer.SerializeAsync(context.Response.Body, Members(refusal, context.Request.Path.Value, context.TraceIdentifier), Json.Answers, context.RequestAborted);
    }

    /// <summary>The members of a refusal, for an answer or for keeping it under an idempotency key.</summary>
    public static Dictionary<string, object?> Members(Refusal refusal, string? instance, string? traceId)
    {
        var members = new Dictionary<string, object?>
        {
            ["type"] = $"urn:admitone:problem:{refusal.Type.Code}",
            ["title"] = refusal.Type.Title,
            ["status"] = refusal.Type.Status,
            ["detail"] = refusal.Detail,
            ["instance"] = instance,
            ["code"] = refusal.Type.Code,
            ["traceId"] = Activity.Current?.TraceId.ToHexString() ?? traceId,
        };
        if (!refusal.Errors.IsEmpty) members["errors"] = refusal.Errors;
        foreach (var (name, value) in refusal.Extensions) members[name] = value;

        return members;
    }
}
