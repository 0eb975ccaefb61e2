using AdmitOne.Identity.Authenticators;
using AdmitOne.Identity.Passkeys;
using AdmitOne.Identity.People;
using AdmitOne.Identity.SignIn;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AdmitOne.Identity.Pages;

/// <summary>The end of every sign-in on the pages: the code that confirms the address, if that is missing; the code of the authenticator app, if there is one; then the cookie.</summary>
internal sealed class PageSignIn(Accounts accounts, Sessions sessions, Challenges challenges, AuthenticatorApps authenticators)
{
    /// <param name="usedPasskey">A passkey needs no second factor: it is on a device that verified its user.</param>
    public async Task<Results<RedirectHttpResult, RazorComponentResult>> EnterAsync(
        HttpContext context, Person person, string returnUrl, bool usedPasskey, CancellationToken cancellationToken)
    {
        if (!person.EmailConfirmed)
        {
            await accounts.RenewCodeAsync(person, cancellationToken);
            return context.Show(SignUpPages.CodeForm(person.Id, person.Email!));
        }
        if (person.TwoFactorEnabled && !usedPasskey)
        {
            var step = await challenges.IssueAsync(ChallengeKinds.SecondFactor, person.Id, returnUrl, cancellationToken);
            return context.Show(CodeForm(step, returnUrl));
        }
        await BrowserCookie.SignInAsync(context, sessions, person, cancellationToken);
        return TypedResults.LocalRedirect(PageRoutes.LocalPath(returnUrl));
    }

    /// <summary>Goes on with a sign-in that waits for a code of the authenticator app.</summary>
    public async Task<Results<RedirectHttpResult, RazorComponentResult>> GoOnAsync(HttpContext context, string step, string code, CancellationToken cancellationToken)
    {
        if (await challenges.FindAsync(step, ChallengeKinds.SecondFactor, cancellationToken) is not { PersonId: { } personId } waiting
            || await accounts.FindAsync(personId, cancellationToken) is not { } person)
            return context.Show(SignInPages.SignInForm(null, null) with { Error = "This sign-in took too long. Begin again." });
        if (await authenticators.CheckAsync(person, code, cancellationToken) is { } refusal) return context.Show(CodeForm(step, waiting.State) with { Error = refusal.Detail });
        if (await challenges.UseAsync(step, ChallengeKinds.SecondFactor, cancellationToken) is null)
            return context.Show(SignInPages.SignInForm(null, null) with { Error = "This sign-in was finished before. Begin again." });
        await BrowserCookie.SignInAsync(context, sessions, person, cancellationToken);
        return TypedResults.LocalRedirect(PageRoutes.LocalPath(waiting.State));
    }

    private static PageForm CodeForm(string step, string returnUrl) =>
        new("Enter a code", "Your account has an authenticator app. Enter its 6 digits, or one of your recovery codes.", "/sign-in/second-factor", "Sign in")
        {
            Fields = [PageField.Hidden("step", step), PageField.AppCode()], ReturnUrl = returnUrl, Links = [new("/sign-in", "Sign in in another way")],
        };
}
