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
            .WithAnswerExample(RouteExamples.OnePage(CategoryExamples.Common, CategoryExamples.Own));

    private static async Task<Ok<Page<Category>>> HandleAsync(Caller? caller, Categories categories, HttpContext context, CancellationToken cancellationToken)
    {
        var all = await categories.ListAsync(caller?.TenantId, cancellationToken);
        context.Response.Headers.Vary = "Authorization";
        if (caller is null) context.CacheFor(KeepSeconds);
        else context.NeverCache();
        return TypedResults.Ok(new Page<Category>(all, NextCursor: null));
    }
}
