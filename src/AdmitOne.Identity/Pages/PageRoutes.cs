using System.Reflection;
using AdmitOne.Platform.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Identity.Pages;

/// <summary>The pages of Identity: static HTML and forms, which need no script. GET and HEAD change nothing, whatever a mail scanner opens.</summary>
internal static class PageRoutes
{
    private static readonly byte[] s_css = Read("identity.css");

    public static void MapPages(this IEndpointRouteBuilder app)
    {
        var pages = app.MapGroup("").AllowAnonymous().WithTags("Pages").WithRateTier(RateTier.Global).ExcludeFromDescription().AddEndpointFilter(new SameOrigin());
        SignInPages.Map(pages);
        SignUpPages.Map(pages);
        LinkPages.Map(pages);
        InvitationPages.Map(pages);
        AccountPages.Map(pages);
        app.MapGet("/identity.css", (HttpContext context) =>
        {
            context.Response.Headers.CacheControl = "public, max-age=3600";
            return TypedResults.Bytes(s_css, "text/css; charset=utf-8");
        }).AllowAnonymous().WithName("Styles").WithSummary("Styles of the pages").WithRateTier(RateTier.Read).ExcludeFromDescription();
    }

    /// <summary>A text of a posted form; empty if it is missing, and cut where no field is that long.</summary>
    public static async Task<Func<string, string>> ReadFormAsync(this HttpContext context, CancellationToken cancellationToken)
    {
        const int MaxLength = 2000;
        if (!context.Request.HasFormContentType) return _ => "";
        var form = await context.Request.ReadFormAsync(cancellationToken);
        return name => form[name].ToString() is { Length: <= MaxLength } text ? text : "";
    }

    /// <summary>A path of our own to go on to; anything else leads to the account.</summary>
    public static string LocalPath(string? path) => path is ['/', ..] and not ['/', '/' or '\\', ..] && !path.Any(char.IsControl) ? path : "/account";

    public static RazorComponentResult WithStatus(this RazorComponentResult result, int status)
    {
        result.StatusCode = status;
        return result;
    }

    private static byte[] Read(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{name} was not built in.");
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
