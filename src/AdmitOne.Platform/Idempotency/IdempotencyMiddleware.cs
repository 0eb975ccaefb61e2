using System.Security.Cryptography;
using System.Text;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Platform.Idempotency;

public static class IdempotencyRoutes
{
    /// <summary>The route refuses calls without an Idempotency-Key; its handler takes the <see cref="IdempotencyKey"/> as a parameter and stores it with its effect.</summary>
    /// <param name="unlessQuery">A query parameter that, when it is <c>true</c>, makes the call one that changes nothing and needs no key.</param>
    public static TBuilder IdempotencyRequired<TBuilder>(this TBuilder route, string? unlessQuery = null) where TBuilder : IEndpointConventionBuilder =>
        route.WithMetadata(new NeedsIdempotencyKey(unlessQuery));
}

internal sealed record NeedsIdempotencyKey(string? UnlessQuery);

/// <summary>Reads the key and takes the request's fingerprint before the body is bound.</summary>
internal sealed class IdempotencyMiddleware(RequestDelegate next)
{
    private const string Header = "Idempotency-Key";

    public async Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint() is not RouteEndpoint endpoint || endpoint.Metadata.GetMetadata<NeedsIdempotencyKey>() is not { } needed
            || (needed.UnlessQuery is { } query && string.Equals(context.Request.Query[query], "true", StringComparison.OrdinalIgnoreCase)))
        {
            await next(context);
            return;
        }
        var key = context.Request.Headers[Header].ToString();
        if (key.Length is < 8 or > 255 || key.Any(c => c is <= ' ' or > '~'))
        {
            await ProblemWriter.WriteAsync(context, PlatformProblems.IdempotencyKeyRequired.With($"Send {Header} with 8 to 255 visible ASCII characters, new for each purchase."));
            return;
        }
        context.Request.EnableBuffering();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{context.Request.Method}\n{context.Request.Path}{context.Request.QueryString}\n"));
        var buffer = new byte[4096];
        int read;
        while ((read = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0) hash.AppendData(buffer.AsSpan(0, read));
        context.Request.Body.Position = 0;

        context.Items[IdempotencyKey.Item] = new IdempotencyKey($"{context.Request.Method} /{endpoint.RoutePattern.RawText?.TrimStart('/')}", key, hash.GetHashAndReset());
        await next(context);
    }
}
