using System.Globalization;
using AdmitOne.Platform.Outbound;

namespace AdmitOne.IntegrationTests.Harness;

/// <summary>Calls between services, which need Redis: each writes its nonce there.</summary>
public partial class World
{
    /// <summary>One signed call for an event's facts, as the Order Service makes it; it is not repeated.</summary>
    public async Task<HttpResponseMessage> CallSignedAsync(Uri events, Guid eventId)
    {
        var call = new SignedCall("order-service", TimeProvider.System.GetUtcNow().ToUnixTimeSeconds(), Guid.CreateVersion7().ToString(), "GET", $"/internal/events/{eventId}", Tenant.ToString());
        using var request = new HttpRequestMessage(HttpMethod.Get, call.PathAndQuery);
        request.Headers.Add(ServiceSignature.ServiceHeader, call.Service);
        request.Headers.Add(ServiceSignature.TimestampHeader, call.Timestamp.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add(ServiceSignature.NonceHeader, call.Nonce);
        request.Headers.Add(ServiceSignature.TenantHeader, call.Tenant);
        request.Headers.Add(ServiceSignature.SignatureHeader, ServiceSignature.Sign(EventsSettings["INTERNAL_API_KEY"]!, call, []));
        using var client = Client(events);
        return await client.SendAsync(request, Cancellation);
    }
}
