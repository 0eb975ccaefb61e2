using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace AdmitOne.Platform.Http;

/// <summary>Bounds what a call may send: one that says it is larger is refused at once, one that does not say so when it has sent too much.</summary>
internal sealed class BodyLimit(RequestDelegate next)
{
    public const int MaxBytes = 64 * 1024;

    public async Task InvokeAsync(HttpContext context)
    {
        if (context.Request.ContentLength > MaxBytes)
        {
            await ProblemWriter.WriteAsync(context, UnreadableRequest.TooLarge);
            return;
        }
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = MaxBytes;
        await next(context);
    }
}
