using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace AdmitOne.Platform.Http;

/// <summary>Bounds what a call may send: one that says it is larger is refused at once, one that does not say so when it has sent too much.</summary>
internal sealed class BodyLimit(RequestDelegate next)
{
    private const int UsualBytes = 64 * 1024;
    private const string Identity = "identity";

    /// <summary>How large a body this route takes.</summary>
    public static int MaxBytesOf(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<TakesBodyUpTo>()?.Bytes ?? UsualBytes;

    /// <summary>Lets a body be read twice. All of it stays in memory: a full disk must not refuse a sale.</summary>
    public static void KeepBody(HttpContext context) => context.Request.EnableBuffering(bufferThreshold: MaxBytesOf(context));

    public Task InvokeAsync(HttpContext context)
    {
        if (IsEncoded(context.Request))
        {
            context.Response.Headers.AcceptEncoding = Identity;   // RFC 9110, section 15.5.16
            return ProblemWriter.WriteAsync(context, PlatformProblems.UnsupportedMediaType.With("Send the body as it is, without a Content-Encoding."));
        }
        var most = MaxBytesOf(context);
        if (context.Request.ContentLength > most) return ProblemWriter.WriteAsync(context, UnreadableRequest.TooLarge(most));
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = most;
        return next(context);
    }

    // Nothing here unpacks a body: a small one cannot become a large one.
    private static bool IsEncoded(HttpRequest request) =>
        request.Headers.ContentEncoding is { Count: > 0 } codings && codings.Any(coding => !string.Equals(coding, Identity, StringComparison.OrdinalIgnoreCase));
}
