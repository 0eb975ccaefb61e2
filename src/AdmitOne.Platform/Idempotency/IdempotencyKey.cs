using Microsoft.AspNetCore.Http;

namespace AdmitOne.Platform.Idempotency;

/// <summary>The client's name for one request, so that sending it twice does it once. Scope: tenant, user and route.</summary>
/// <param name="Route">Method and route pattern, such as <c>POST /api/v1/purchases</c>.</param>
/// <param name="Key">8–255 visible ASCII characters.</param>
/// <param name="Fingerprint">SHA-256 of method, path, query and body: 32 bytes.</param>
public sealed record IdempotencyKey(string Route, string Key, byte[] Fingerprint)
{
    internal static readonly object Item = new();

    public static ValueTask<IdempotencyKey?> BindAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return ValueTask.FromResult(context.Items[Item] as IdempotencyKey);
    }
}
