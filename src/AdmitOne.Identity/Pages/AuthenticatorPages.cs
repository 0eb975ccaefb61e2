using AdmitOne.Identity.Authenticators;
using AdmitOne.Identity.People;
using AdmitOne.Identity.SignIn;
using AdmitOne.Platform.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Identity.Pages;

/// <summary>Setting an authenticator app up and removing it, from the page <c>/account</c>.</summary>
internal static class AuthenticatorPages
{
    public static void Map(IEndpointRouteBuilder pages)
    {
        pages.MapPost("/account/authenticator", EnrolAsync).WithName("EnrolAuthenticatorForm").WithSummary("Show the key of a new authenticator app");
        pages.MapPost("/account/authenticator/confirm", ConfirmAsync).WithName("ConfirmAuthenticatorForm").WithSummary("Confirm the authenticator app and show recovery codes").CountedAsSignIn();
        pages.MapPost("/account/authenticator/remove", RemoveAsync).WithName("RemoveAuthenticatorForm").WithSummary("Remove the authenticator app").CountedAsSignIn();
    }

    private static async Task<Results<RedirectHttpResult, RazorComponentResult>> EnrolAsync(
        HttpContext context, Accounts accounts, Sessions sessions, AuthenticatorApps authenticators, CancellationToken cancellationToken)
    {
        if (await BrowserCookie.FindAsync(context, sessions, accounts, cancellationToken) is not (_, var person)) return TypedResults.LocalRedirect("/sign-in");
        return await authenticators.EnrolAsync(person, cancellationToken) is { } made ? context.Show(KeyForm(made)) : TypedResults.LocalRedirect("/account");
    }

    private static async Task<Results<RedirectHttpResult, RazorComponentResult>> ConfirmAsync(
        HttpContext context, Accounts accounts, Sessions sessions, AuthenticatorApps authenticators, CancellationToken cancellationToken)
    {
        if (await BrowserCookie.FindAsync(context, sessions, accounts, cancellationToken) is not (_, var person)) return TypedResults.LocalRedirect("/sign-in");
        var form = await context.ReadFormAsync(cancellationToken);
        if (await authenticators.ConfirmAsync(person, form("code"), cancellationToken) is { } codes)
            return context.Show(new PageForm("Keep these recovery codes", "Each signs you in once, without the app. They are not shown again: print them or write them down.")
            {
                Lines = codes, Links = [new("/account", "I have kept them")],
            });
        return await authenticators.FindNewAsync(person, cancellationToken) is { } waiting
            ? context.Show(KeyForm(waiting) with { Error = "This is not the app's code of now. Wait for the next one, and look whether your phone's clock is right." })
            : TypedResults.LocalRedirect("/account");
    }

    private static async Task<Results<RedirectHttpResult, RazorComponentResult>> RemoveAsync(
        HttpContext context, Accounts accounts, Sessions sessions, AuthenticatorApps authenticators, AccountViews views, CancellationToken cancellationToken)
    {
        if (await BrowserCookie.FindAsync(context, sessions, accounts, cancellationToken) is not var (session, person)) return TypedResults.LocalRedirect("/sign-in");
        var form = await context.ReadFormAsync(cancellationToken);
        return await authenticators.RemoveAsync(person, form("code"), cancellationToken) is { } refusal
            ? await views.ShowAsync(context, session, person, refusal.Detail, cancellationToken)
            : TypedResults.LocalRedirect("/account");
    }

    private static PageForm KeyForm(NewAuthenticator made) => new("Set up an authenticator app", "Scan this picture with the app, or type the key into it. Then enter the code that the app shows.",
        "/account/authenticator/confirm", "Confirm")
    {
        Picture = new PagePicture(made.Picture(), "A QR code of the key below"), Lines = [string.Join(' ', made.Secret.Chunk(4).Select(part => new string(part)))],
        Fields = [PageField.Code()], Links = [new("/account", "Not now")],
    };
}
