using AdmitOne.Platform.Outbound;
using Microsoft.AspNetCore.Authorization;
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

    /// <summary>The handler takes the <see cref="IdempotencyKey"/>, if there is one, and stores its answer itself, because its effect is not made in a <c>TenantWork</c> of the request.</summary>
    public static TBuilder KeepsItsOwnAnswer<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new KeepsItsOwnAnswer());

    /// <summary>Every POST of somebody who is known honours a key; what is signed is idempotent by what it names.</summary>
    internal static bool AreHonouredBy(IEnumerable<object> route)
    {
        // A route's own collection remembers what it was asked for: this is asked of every request.
        var words = route as EndpointMetadataCollection ?? new EndpointMetadataCollection(route);
        return words.GetMetadata<NeedsIdempotencyKey>() is not null
            || (words.GetMetadata<IHttpMethodMetadata>()?.HttpMethods.Contains("POST") == true && words.GetMetadata<IAuthorizeData>() is not null && words.GetMetadata<SignedCallRequired>() is null);
    }
}

internal sealed record NeedsIdempotencyKey(string? UnlessQuery);

internal sealed class KeepsItsOwnAnswer;
