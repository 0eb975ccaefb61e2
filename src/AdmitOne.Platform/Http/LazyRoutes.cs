using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne;

/// <summary>
/// <c>MapGet</c> and its kind as the framework has them, but what binds a route's parameters is compiled with the first call of the route, not of
/// all routes at the start: a process is ready sooner, and the first call takes some milliseconds longer. What is wrong with a handler's
/// parameters shows with its metadata, at the start as before. They are preferred to the framework's wherever a file's own namespace begins with AdmitOne.
/// </summary>
public static class LazyRoutes
{
    private static readonly string[] s_get = [HttpMethods.Get], s_post = [HttpMethods.Post], s_put = [HttpMethods.Put], s_patch = [HttpMethods.Patch], s_delete = [HttpMethods.Delete];

    public static RouteHandlerBuilder MapGet(this IEndpointRouteBuilder endpoints, string pattern, Delegate handler) => Map(endpoints, pattern, handler, s_get);

    public static RouteHandlerBuilder MapPost(this IEndpointRouteBuilder endpoints, string pattern, Delegate handler) => Map(endpoints, pattern, handler, s_post);

    public static RouteHandlerBuilder MapPut(this IEndpointRouteBuilder endpoints, string pattern, Delegate handler) => Map(endpoints, pattern, handler, s_put);

    public static RouteHandlerBuilder MapPatch(this IEndpointRouteBuilder endpoints, string pattern, Delegate handler) => Map(endpoints, pattern, handler, s_patch);

    public static RouteHandlerBuilder MapDelete(this IEndpointRouteBuilder endpoints, string pattern, Delegate handler) => Map(endpoints, pattern, handler, s_delete);

    private static RouteHandlerBuilder Map(IEndpointRouteBuilder endpoints, string pattern, Delegate handler, string[] methods) =>
        RouteHandlerServices.Map(endpoints, pattern, handler, methods, RequestDelegateFactory.InferMetadata, WhenFirstCalled);

    private static RequestDelegateResult WhenFirstCalled(Delegate handler, RequestDelegateFactoryOptions options, RequestDelegateMetadataResult? metadata)
    {
        var compiled = new Lazy<RequestDelegate>(() => RequestDelegateFactory.Create(handler, options, metadata).RequestDelegate);
        return new RequestDelegateResult(context => compiled.Value(context), metadata?.EndpointMetadata ?? []);
    }
}
