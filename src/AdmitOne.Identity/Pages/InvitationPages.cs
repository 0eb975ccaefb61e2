using AdmitOne.Identity.Mail;
using AdmitOne.Identity.People;
using AdmitOne.Identity.SignIn;
using AdmitOne.Identity.Team;
using AdmitOne.Platform.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Identity.Pages;

internal static class InvitationPages
{
    public static void Map(IEndpointRouteBuilder pages)
    {
        pages.MapGet("/invitation/{key}", ShowAsync).WithName("InvitationPage").WithSummary("What an invitation offers");
        pages.MapPost("/invitation/{key}", AcceptAsync).WithName("InvitationForm").WithSummary("Accept an invitation").CountedAsSignIn();
    }

    private static async Task<RazorComponentResult> ShowAsync(
        string key, HttpContext context, Invitations invitations, Accounts accounts, Sessions sessions, CancellationToken cancellationToken) =>
        await invitations.FindAsync(key, cancellationToken) is { } open
            ? context.Show(await FormAsync(key, open, context, accounts, sessions, cancellationToken))
            : context.Show(Over()).WithStatus(StatusCodes.Status404NotFound);

    private static async Task<Results<RedirectHttpResult, RazorComponentResult>> AcceptAsync(
        string key, HttpContext context, Invitations invitations, Accounts accounts, Sessions sessions, CancellationToken cancellationToken)
    {
        if (await invitations.FindAsync(key, cancellationToken) is not { } open) return context.Show(Over()).WithStatus(StatusCodes.Status404NotFound);
        var form = await FormAsync(key, open, context, accounts, sessions, cancellationToken);
        if (form.Fields.Count == 0)
        {
            var (_, person) = (await BrowserCookie.FindAsync(context, sessions, accounts, cancellationToken))!.Value;
            var (accepted, fault) = await invitations.AcceptAsync(key, person, cancellationToken);
            return accepted is null ? context.Show(form with { Error = fault!.Detail }) : TypedResults.LocalRedirect("/account");
        }
        var posted = await context.ReadFormAsync(cancellationToken);
        var (made, signedIn, refusal) = await invitations.AcceptAsync(key, posted("name"), (posted("password"), posted("code")), context, cancellationToken);
        if (made is null) return context.Show(form with { Error = refusal!.Detail });
        await BrowserCookie.SignInAsync(context, sessions, signedIn!, cancellationToken);
        return TypedResults.LocalRedirect("/account");
    }

    public static async Task<PageForm> FormAsync(string key, OpenInvitation open, HttpContext context, Accounts accounts, Sessions sessions, CancellationToken cancellationToken)
    {
        var form = new PageForm($"{open.Organiser} invites you", $"As {MailTexts.RoleName(open.Role)}, with the address {open.Email}.", "/invitation/" + key, "Accept");
        if (await BrowserCookie.FindAsync(context, sessions, accounts, cancellationToken) is (_, { EmailConfirmed: true } person) && person.Email == open.Email) return form;
        var email = PageField.Hidden("email", open.Email);
        return await accounts.FindConfirmedAsync(open.Email, cancellationToken) is not { } known
            ? form with { Fields = [email, PageField.PersonName(), PageField.NewPassword("Choose a password, at least 12 characters")], Passkey = new PasskeyButton("Accept with a new passkey", Creates: true, $"/invitation/{key}/passkey/options", $"/invitation/{key}/passkey") }
            : form with { Fields = [email, PageField.Password("The password of your account"), .. known.TwoFactorEnabled ? [PageField.AppCode()] : Array.Empty<PageField>()], Links = [new($"/sign-in?returnUrl=%2Finvitation%2F{key}", "Sign in in another way"), new("/reset", "I forgot my password")] };
    }

    public static PageForm Over() => new("This invitation is over", "It was accepted, withdrawn, or is too old. Ask for another one.");
}
