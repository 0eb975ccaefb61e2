using AdmitOne.Identity.People;
using AdmitOne.Identity.SignIn;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Identity.Pages;

/// <summary>The cookie by which a browser is signed in to the pages of Identity: a random key of a session that the database has.</summary>
internal static class BrowserCookie
{
    // The prefix keeps other hosts of the domain from setting it; browsers take it with TLS only.
    private static string Name(HttpContext context) => context.Request.IsHttps ? "__Host-admitone-id" : "admitone-id";

    public static async Task SignInAsync(HttpContext context, Sessions sessions, Person person, CancellationToken cancellationToken)
    {
        var session = await sessions.BeginAsync(person.Id, SessionKind.Browser, Device.Of(context), Sessions.BrowserLifetime, cancellationToken);
        context.Response.Cookies.Append(Name(context), session.Key!, new CookieOptions
        {
            HttpOnly = true, Secure = context.Request.IsHttps, SameSite = SameSiteMode.Lax, Path = "/", MaxAge = Sessions.BrowserLifetime, IsEssential = true,
        });
    }

    public static void Remove(HttpContext context) => context.Response.Cookies.Delete(Name(context), new CookieOptions { Secure = context.Request.IsHttps, Path = "/" });

    /// <summary>Who is signed in with this browser; null for nobody.</summary>
    public static async Task<(BrowserSession Session, Person Person)?> FindAsync(HttpContext context, Sessions sessions, Accounts accounts, CancellationToken cancellationToken)
    {
        if (context.Request.Cookies[Name(context)] is not { Length: > 0 and <= 100 } key || await sessions.FindAsync(key, cancellationToken) is not { } session) return null;
        return await accounts.FindAsync(session.PersonId, cancellationToken) is { } person ? (session, person) : null;
    }
}
