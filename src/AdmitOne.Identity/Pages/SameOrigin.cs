using AdmitOne.Identity.Mail;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.Identity.Pages;

/// <summary>
/// Refuses forms that another site's page has posted: a browser says in <c>Sec-Fetch-Site</c> or in <c>Origin</c> where a form comes from. No token is needed in the
/// page. A request that says neither is refused too: programs use the API.
/// </summary>
internal sealed class SameOrigin : IEndpointFilter
{
    public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        if (HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method) || IsOurs(http)) return next(context);
        return ValueTask.FromResult<object?>(http.Show(new PageForm("This form was not sent by this site", "Open the page again and send its form.")).WithStatus(StatusCodes.Status403Forbidden));
    }

    private static bool IsOurs(HttpContext http)
    {
        var site = http.Request.Headers["Sec-Fetch-Site"].ToString();
        if (site.Length > 0) return site is "same-origin" or "none";
        var origin = http.Request.Headers.Origin.ToString();
        return origin.Length > 0 && IsOurs(http, origin);
    }

    /// <summary>Whether an origin, such as <c>https://id.example.org</c>, is the one of these pages.</summary>
    public static bool IsOurs(HttpContext http, string origin) =>
        origin == $"{http.Request.Scheme}://{http.Request.Host}" || origin == http.RequestServices.GetRequiredService<PublicAddress>().Origin;
}
