using AdmitOne.Platform.Idempotency;
using AdmitOne.Platform.Outbound;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.OpenApi;

namespace AdmitOne.Platform.Http;

/// <summary>Every refusal that an operation may answer: those its route names, and those that follow from what the route is.</summary>
internal static class ApiRefusals
{
    private static readonly ProblemType[] s_token =
        [PlatformProblems.TokenMissing, PlatformProblems.TokenInvalid, PlatformProblems.TokenExpired, PlatformProblems.RoleRequired, PlatformProblems.TenantSuspended];

    private static readonly ProblemType[] s_signature = [PlatformProblems.BadSignature, PlatformProblems.StaleTimestamp, PlatformProblems.NonceReused];

    private static readonly ProblemType[] s_body =
        [PlatformProblems.InvalidJson, PlatformProblems.UnknownProperty, PlatformProblems.ValidationFailed, PlatformProblems.BodyTooLarge, PlatformProblems.UnsupportedMediaType];

    private static readonly ProblemType[] s_idempotency = [PlatformProblems.IdempotencyKeyRequired, PlatformProblems.IdempotencyKeyReused, PlatformProblems.RequestInProgress];

    public static IEnumerable<ProblemType> Of(OpenApiOperation operation, IList<object> route, ApiDescription description)
    {
        var named = route.OfType<RouteProblems>().SelectMany(p => p.Problems);
        if (route.OfType<SignedCallRequired>().Any() || route.OfType<SignedCallAccepted>().Any()) named = named.Concat(s_signature);
        if (!route.OfType<SignedCallRequired>().Any() && !route.OfType<IAllowAnonymous>().Any()) named = named.Concat(s_token);
        if (operation.RequestBody is not null) named = named.Concat(s_body);
        if (IdempotencyRoutes.AreHonouredBy(route)) named = named.Concat(s_idempotency);
        if (QueryParameters.AreChecked(description.RelativePath)) named = named.Append(PlatformProblems.UnknownParameter);
        var query = description.ParameterDescriptions.Where(p => p.Source.Id == "Query").ToList();
        if (query.Count > 0) named = named.Append(PlatformProblems.ValidationFailed);
        if (query.Any(p => p.Type != typeof(string))) named = named.Append(PlatformProblems.InvalidParameter);
        if (description.ParameterDescriptions.Any(p => p.Source.Id == "Path")) named = named.Append(PlatformProblems.NotFound);
        // Whoever has a rate tier does work, and so depends on the stores.
        if (route.OfType<CountedAs>().Any()) named = named.Append(PlatformProblems.DependencyUnavailable).Append(PlatformProblems.RateLimited);
        return named.Append(PlatformProblems.InternalError);
    }
}
