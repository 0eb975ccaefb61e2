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
    private const string Credential = "credential";

    public static void MapPages(this IEndpointRouteBuilder app)
    {
        var pages = app.MapGroup("").AllowAnonymous().WithTags("Pages").WithRateTier(RateTier.Global).ExcludeFromDescription().AddEndpointFilter(new SameOrigin());
        SignInPages.Map(pages);
        SignUpPages.Map(pages);
        LinkPages.Map(pages);
        InvitationPages.Map(pages);
        AccountPages.Map(pages);
        PasskeyPages.Map(pages);
        DevicePages.Map(pages);
        AuthenticatorPages.Map(pages);
        MapFile(app, "identity.css", "text/css; charset=utf-8").WithName("Styles").WithSummary("Styles of the pages");
        MapFile(app, "passkeys.js", "text/javascript; charset=utf-8").WithName("PasskeyScript").WithSummary("The script of the buttons for passkeys");
    }

    /// <summary>A text of a posted form; empty if it is missing, or longer than any field is.</summary>
    public static async Task<Func<string, string>> ReadFormAsync(this HttpContext context, CancellationToken cancellationToken)
    {
        const int MaxLength = 2000;
        const int MaxCredential = 16_000;
        if (!context.Request.HasFormContentType) return _ => "";
        var form = await context.Request.ReadFormAsync(cancellationToken);
        return name => form[name].ToString() is var text && text.Length <= (name == Credential ? MaxCredential : MaxLength) ? text : "";
    }

    /// <summary>A path of our own to go on to; anything else leads to the account.</summary>
    public static string LocalPath(string? path) => path is ['/', ..] and not ['/', '/' or '\\', ..] && !path.Any(char.IsControl) ? path : "/account";

    public static RazorComponentResult WithStatus(this RazorComponentResult result, int status)
    {
        result.StatusCode = status;
        return result;
    }

    private static RouteHandlerBuilder MapFile(IEndpointRouteBuilder app, string name, string type)
    {
        var content = Read(name);
        return app.MapGet("/" + name, (HttpContext context) =>
        {
            context.Response.Headers.CacheControl = "public, max-age=3600";
            return TypedResults.Bytes(content, type);
        }).AllowAnonymous().WithRateTier(RateTier.Read).ExcludeFromDescription();
    }

    private static byte[] Read(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{name} was not built in.");
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
