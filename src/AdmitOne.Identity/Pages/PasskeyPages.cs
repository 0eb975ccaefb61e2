using AdmitOne.Identity.Passkeys;
using AdmitOne.Identity.People;
using AdmitOne.Identity.SignIn;
using AdmitOne.Identity.Team;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Identity.Pages;

/// <summary>What <c>passkeys.js</c> asks for, and the forms that it sends: sign-in, a new passkey of an account, of a mailed link, an invitation or a sign-up.</summary>
internal static class PasskeyPages
{
    public static void Map(IEndpointRouteBuilder pages)
    {
        pages.MapPost("/sign-in/passkey/options", BeginSignInAsync).WithName("SignInPasskeyOptions").WithSummary("Begin to use a passkey").CountedAsSignIn();
        pages.MapPost("/sign-in/passkey", SignInAsync).WithName("SignInPasskeyForm").WithSummary("Sign in with a passkey").CountedAsSignIn();
        pages.MapPost("/account/passkeys/options", BeginAddAsync).WithName("NewPasskeyOptions").WithSummary("Begin to add a passkey");
        pages.MapPost("/account/passkeys", AddAsync).WithName("NewPasskeyForm").WithSummary("Add a passkey");
        pages.MapPost("/account/passkeys/remove", RemoveAsync).WithName("RemovePasskeyForm").WithSummary("Remove a passkey");
        pages.MapPost("/link/{key}/passkey/options", BeginLinkAsync).WithName("LinkPasskeyOptions").WithSummary("Begin to create the passkey of a mailed link's account").CountedAsSignIn();
        pages.MapPost("/link/{key}/passkey", UseLinkAsync).WithName("LinkPasskeyForm").WithSummary("Use a mailed link with a new passkey").CountedAsSignIn();
        pages.MapPost("/invitation/{key}/passkey/options", BeginInvitationAsync).WithName("InvitationPasskeyOptions").WithSummary("Begin to create the passkey of an invited person").CountedAsSignIn();
        pages.MapPost("/invitation/{key}/passkey", AcceptAsync).WithName("InvitationPasskeyForm").WithSummary("Accept an invitation with a new passkey").CountedAsSignIn();
        pages.MapPost("/sign-up/passkey/options", BeginSignUpAsync).WithName("SignUpPasskeyOptions").WithSummary("Begin to create the passkey of a new account");
        pages.MapPost("/sign-up/passkey", SignUpAsync).WithName("SignUpPasskeyForm").WithSummary("Make a customer's account with a passkey");
    }

    private static async Task<JsonHttpResult<PasskeyOptions>> BeginSignInAsync(HttpContext context, PasskeyCeremonies passkeys, CancellationToken cancellationToken) =>
        Json(context, await passkeys.BeginSignInAsync(context, cancellationToken));

    private static async Task<Results<RedirectHttpResult, RazorComponentResult>> SignInAsync(
        HttpContext context, PasskeyCeremonies passkeys, PageSignIn signIn, CancellationToken cancellationToken)
    {
        var form = await context.ReadFormAsync(cancellationToken);
        if (await passkeys.SignInAsync(form("challenge"), form("credential"), context, cancellationToken) is not { } person)
            return context.Show(SignInPages.SignInForm(null, form("returnUrl")) with { Error = PasskeyCeremonies.NotAccepted });
        return await signIn.EnterAsync(context, person, form("returnUrl"), usedPasskey: true, cancellationToken);
    }

    private static async Task<Results<JsonHttpResult<PasskeyOptions>, Refusal>> BeginAddAsync(
        HttpContext context, PasskeyCeremonies passkeys, Accounts accounts, Sessions sessions, CancellationToken cancellationToken) =>
        await BrowserCookie.FindAsync(context, sessions, accounts, cancellationToken) is (_, var person)
            ? Json(context, await passkeys.BeginAsync(person.Id, person.Email ?? "", context, cancellationToken))
            : PlatformProblems.TokenMissing.With("Sign in again: this browser was signed out.");

    private static async Task<Results<RedirectHttpResult, RazorComponentResult>> AddAsync(
        HttpContext context, PasskeyCeremonies passkeys, Accounts accounts, AccountViews views, Sessions sessions, CancellationToken cancellationToken)
    {
        if (await BrowserCookie.FindAsync(context, sessions, accounts, cancellationToken) is not var (session, person)) return TypedResults.LocalRedirect("/sign-in");
        var form = await context.ReadFormAsync(cancellationToken);
        var created = await passkeys.CreateAsync(form("challenge"), form("credential"), form("name"), context, cancellationToken);
        if (created is null || created.PersonId != person.Id) return await views.ShowAsync(context, session, person, PasskeyCeremonies.NotCreated, cancellationToken);
        return await passkeys.AddAsync(person, created.Info, cancellationToken)
            ? TypedResults.LocalRedirect("/account")
            : await views.ShowAsync(context, session, person, PasskeyCeremonies.TooMany, cancellationToken);
    }

    private static async Task<RedirectHttpResult> RemoveAsync(HttpContext context, PasskeyCeremonies passkeys, Accounts accounts, Sessions sessions, CancellationToken cancellationToken)
    {
        var form = await context.ReadFormAsync(cancellationToken);
        if (await BrowserCookie.FindAsync(context, sessions, accounts, cancellationToken) is (_, var person)) await passkeys.RemoveAsync(person, form("id"), cancellationToken);
        return TypedResults.LocalRedirect("/account");
    }

    private static async Task<Results<JsonHttpResult<PasskeyOptions>, Refusal>> BeginLinkAsync(
        string key, HttpContext context, PasskeyCeremonies passkeys, MailCodes codes, Accounts accounts, CancellationToken cancellationToken) =>
        await LinkPages.FormAsync(key, codes, accounts, passkeys, cancellationToken) is { Passkey.Creates: true } && await codes.FindByKeyAsync(key, cancellationToken) is { } code
            ? Json(context, await passkeys.BeginAsync(code.PersonId, code.Email, context, cancellationToken))
            : PlatformProblems.NotFound.With("This link is over: ask for another one.");

    private static async Task<Results<RedirectHttpResult, RazorComponentResult>> UseLinkAsync(
        string key, HttpContext context, PasskeyCeremonies passkeys, MailCodes codes, Accounts accounts, PageSignIn signIn, CancellationToken cancellationToken)
    {
        if (await LinkPages.FormAsync(key, codes, accounts, passkeys, cancellationToken) is not { Passkey: { } button } form || await codes.FindByKeyAsync(key, cancellationToken) is not { } code)
            return context.Show(LinkPages.Over()).WithStatus(StatusCodes.Status404NotFound);
        var posted = await context.ReadFormAsync(cancellationToken);
        LinkCredential? credential;
        if (button.Creates)
            credential = await passkeys.CreateAsync(posted("challenge"), posted("credential"), "", context, cancellationToken) is { } created ? new LinkCredential(Created: created) : null;
        else
            credential = await passkeys.SignInAsync(posted("challenge"), posted("credential"), context, cancellationToken) is { } owner && owner.Id == code.PersonId ? new LinkCredential(HasUsedPasskey: true) : null;
        if (credential is null) return context.Show(form with { Error = button.Creates ? PasskeyCeremonies.NotCreated : PasskeyCeremonies.NotAccepted });
        return await LinkPages.EnterAsync(context, form, await accounts.UseLinkAsync(key, credential, cancellationToken), usedPasskey: true, signIn, cancellationToken);
    }

    private static async Task<Results<JsonHttpResult<PasskeyOptions>, Refusal>> BeginInvitationAsync(
        string key, HttpContext context, PasskeyCeremonies passkeys, Invitations invitations, TimeProvider clock, CancellationToken cancellationToken) =>
        await invitations.FindAsync(key, cancellationToken) is { } open
            ? Json(context, await passkeys.BeginAsync(Guid.CreateVersion7(clock.GetUtcNow()), open.Email, context, cancellationToken))
            : TeamProblems.InvitationInvalid.With("It was accepted, cancelled or has expired: ask for another one.");

    private static async Task<Results<RedirectHttpResult, RazorComponentResult>> AcceptAsync(
        string key, HttpContext context, PasskeyCeremonies passkeys, Invitations invitations, Accounts accounts, Sessions sessions, CancellationToken cancellationToken)
    {
        if (await invitations.FindAsync(key, cancellationToken) is not { } open) return context.Show(InvitationPages.Over()).WithStatus(StatusCodes.Status404NotFound);
        var posted = await context.ReadFormAsync(cancellationToken);
        var form = await InvitationPages.FormAsync(key, open, context, accounts, sessions, cancellationToken);
        if (await passkeys.CreateAsync(posted("challenge"), posted("credential"), "", context, cancellationToken) is not { } created)
            return context.Show(form with { Error = PasskeyCeremonies.NotCreated });
        var (accepted, person, refusal) = await invitations.AcceptAsync(key, posted("name"), created, cancellationToken);
        if (accepted is null) return context.Show(form with { Error = refusal!.Detail });
        await BrowserCookie.SignInAsync(context, sessions, person!, cancellationToken);
        return TypedResults.LocalRedirect("/account");
    }

    private static async Task<Results<JsonHttpResult<PasskeyOptions>, Refusal>> BeginSignUpAsync(
        HttpContext context, PasskeyCeremonies passkeys, Memberships memberships, TimeProvider clock, CancellationToken cancellationToken)
    {
        var form = await context.ReadFormAsync(cancellationToken);
        var (_, email, fault) = await SignUpPages.ReadAsync(form, hasPassword: false, memberships, cancellationToken);
        return fault is null
            ? Json(context, await passkeys.BeginAsync(Guid.CreateVersion7(clock.GetUtcNow()), email, context, cancellationToken))
            : PlatformProblems.ValidationFailed.With(fault);
    }

    private static async Task<RazorComponentResult> SignUpAsync(
        HttpContext context, PasskeyCeremonies passkeys, Accounts accounts, Memberships memberships, CancellationToken cancellationToken)
    {
        var form = await context.ReadFormAsync(cancellationToken);
        var (organiser, email, fault) = await SignUpPages.ReadAsync(form, hasPassword: false, memberships, cancellationToken);
        var created = fault is null ? await passkeys.CreateAsync(form("challenge"), form("credential"), "", context, cancellationToken) : null;
        if (created is null) return context.Show(SignUpPages.SignUpForm(form("organiser"), form("email"), form("name")) with { Error = fault ?? PasskeyCeremonies.NotCreated });
        var person = await accounts.SignUpAsync(new NewAccount(email, "", form("name")) { Passkey = created }, organiser!.TenantId, cancellationToken);
        return context.Show(SignUpPages.CodeForm(person.Id, person.Email!));
    }

    private static JsonHttpResult<PasskeyOptions> Json(HttpContext context, PasskeyOptions options)
    {
        context.NeverCache();
        return TypedResults.Json(options);
    }
}
