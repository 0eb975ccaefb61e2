using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace AdmitOne.Platform.Http;

/// <summary>Bounds what a call may send: one that says it is larger is refused at once, one that does not say so when it has sent too much.</summary>
internal sealed class BodyLimit(RequestDelegate next)
{
    private const int UsualBytes = 64 * 1024;

    /// <summary>How large a body this route takes.</summary>
    public static int MaxBytesOf(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<TakesBodyUpTo>()?.Bytes ?? UsualBytes;

    public Task InvokeAsync(HttpContext context)
    {
        var most = MaxBytesOf(context);
        if (context.Request.ContentLength > most) return ProblemWriter.WriteAsync(context, UnreadableRequest.TooLarge(most));
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = most;
        return next(context);
    }
}
