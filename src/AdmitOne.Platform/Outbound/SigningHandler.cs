using System.Globalization;
using AdmitOne.Platform.Configuration;
using Microsoft.Extensions.Options;

namespace AdmitOne.Platform.Outbound;

/// <summary>Signs what a typed client sends. The client names the tenant in <see cref="Tenant"/>; a repeated attempt gets a nonce of its own.</summary>
public sealed class SigningHandler(string service, IOptions<ServiceOptions> options, TimeProvider clock) : DelegatingHandler
{
    public static readonly HttpRequestOptionsKey<Guid> Tenant = new("admitone.tenant");

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken);
        var call = new SignedCall(service, clock.GetUtcNow().ToUnixTimeSeconds(), Guid.CreateVersion7().ToString(), request.Method.Method,
            request.RequestUri!.PathAndQuery, request.Options.TryGetValue(Tenant, out var tenant) ? tenant.ToString() : "");

        foreach (var (name, value) in new[]
        {
            (ServiceSignature.ServiceHeader, call.Service),
            (ServiceSignature.TimestampHeader, call.Timestamp.ToString(CultureInfo.InvariantCulture)),
            (ServiceSignature.NonceHeader, call.Nonce),
            (ServiceSignature.TenantHeader, call.Tenant),
            (ServiceSignature.SignatureHeader, ServiceSignature.Sign(options.Value.InternalApiKey, call, body)),
        })
        {
            request.Headers.Remove(name);
            request.Headers.TryAddWithoutValidation(name, value);
        }
        return await base.SendAsync(request, cancellationToken);
    }
}
