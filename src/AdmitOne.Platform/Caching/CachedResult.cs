using AdmitOne.Platform.Http;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Platform.Caching;

/// <summary>Writes a public answer from its bytes, or 304 to who has it.</summary>
public sealed class CachedResult(CachedAnswer answer) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        var response = httpContext.Response;
        response.Headers.ETag = answer.Tag;
        if (EntityTag.IsKnown(httpContext, answer.Tag))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }
        return response.WriteWholeAsync(answer.Body);
    }
}
