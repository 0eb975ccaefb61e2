using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Platform.Telemetry;

/// <summary>Which route a request is for, readable wherever its work goes on: the name of the request's own activity carries it, so it costs nothing.</summary>
internal static class RouteOfRequest
{
    private const string RequestOperation = "Microsoft.AspNetCore.Hosting.HttpRequestIn";

    /// <summary>The pattern, such as <c>/api/v1/purchases</c>; null outside of a request, and in one that no route matches.</summary>
    public static string? Current
    {
        get
        {
            for (var at = Activity.Current; at is not null; at = at.Parent)
                if (at.OperationName == RequestOperation) return at.DisplayName == RequestOperation ? null : at.DisplayName;
            return null;
        }
    }

    public static void Note(HttpContext context)
    {
        if (Activity.Current is { OperationName: RequestOperation } request && context.GetEndpoint() is RouteEndpoint { RoutePattern.RawText: { } pattern })
            request.DisplayName = pattern;
    }
}
