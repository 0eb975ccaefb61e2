using AdmitOne.Platform.Caching;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Events.Catalogue;

public static class ListCategories
{
    private const int KeepSeconds = 60;

    public static void Map(IEndpointRouteBuilder catalogue) =>
        catalogue.MapGet("/categories", HandleAsync)
            .WithName("ListCategories").WithSummary("The categories of events")
            .WithDescription("All on one page: those that everybody has, and, with a token, the organiser's own.")
            .AllowAnonymous().WithRateTier(RateTier.Read)
            .WithAnswerExample(RouteExamples.OnePage(CategoryExamples.Common, CategoryExamples.Own)).Produces(StatusCodes.Status304NotModified);

    private static async Task<Results<Ok<Page<Category>>, CachedResult>> HandleAsync(
        Caller? caller, Categories categories, ReadThroughCache cache, HttpContext context, CancellationToken cancellationToken)
    {
        if (caller is not null)
        {
            context.NeverCache();
            return TypedResults.Ok(new Page<Category>(await categories.ListAsync(caller.TenantId, cancellationToken), NextCursor: null));
        }
        context.CacheFor(KeepSeconds);
        return new CachedResult(await cache.GetAsync("categories",
            async () => ReadAnswer.Make(new Page<Category>(await categories.ListAsync(tenantId: null, CancellationToken.None), NextCursor: null), of: null), cancellationToken));
    }
}
