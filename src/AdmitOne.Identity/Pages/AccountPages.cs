using AdmitOne.Identity.Authenticators;
using AdmitOne.Identity.Mail;
using AdmitOne.Identity.Passkeys;
using AdmitOne.Identity.People;
using AdmitOne.Identity.SignIn;
using AdmitOne.Identity.Tokens;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Postgres;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Identity.Pages;

/// <summary>A person's own page: organisers, devices, the end of the account.</summary>
internal static class AccountPages
{
    public static void Map(IEndpointRouteBuilder pages)
    {
        pages.MapGet("/account", ShowAsync).WithName("AccountPage").WithSummary("Your account, organisers and devices");
        pages.MapPost("/account/sessions/{id:guid}", EndSessionAsync).WithName("EndSessionForm").WithSummary("Sign out one device");
        pages.MapPost("/account/sign-out-everywhere", SignOutAsync).WithName("SignOutEverywhereForm").WithSummary("Sign out everywhere");
        pages.MapPost("/sign-out", EndThisAsync).WithName("SignOutForm").WithSummary("Sign out this browser");
        pages.MapPost("/account/close", CloseAsync).WithName("CloseAccountForm").WithSummary("Close the account").CountedAsSignIn();
    }

    private static async Task<Results<RedirectHttpResult, RazorComponentResult>> ShowAsync(
        HttpContext context, Accounts accounts, AccountViews views, Sessions sessions, CancellationToken cancellationToken) =>
        await BrowserCookie.FindAsync(context, sessions, accounts, cancellationToken) is var (session, person)
            ? await views.ShowAsync(context, session, person, null, cancellationToken)
            : TypedResults.LocalRedirect("/sign-in?returnUrl=%2Faccount");

    private static async Task<RedirectHttpResult> EndSessionAsync(
        Guid id, HttpContext context, Accounts accounts, Sessions sessions, Revocations revocations, CancellationToken cancellationToken)
    {
        if (await BrowserCookie.FindAsync(context, sessions, accounts, cancellationToken) is var (_, person)) await revocations.EndSessionAsync(person.Id, id, cancellationToken);
        return TypedResults.LocalRedirect("/account");
    }

    private static async Task<RedirectHttpResult> EndThisAsync(HttpContext context, Accounts accounts, Sessions sessions, Revocations revocations, CancellationToken cancellationToken)
    {
        if (await BrowserCookie.FindAsync(context, sessions, accounts, cancellationToken) is var (session, person)) await revocations.EndSessionAsync(person.Id, session.Id, cancellationToken);
        BrowserCookie.Remove(context);
        return TypedResults.LocalRedirect("/sign-in");
    }

    private static async Task<RedirectHttpResult> SignOutAsync(HttpContext context, Accounts accounts, Sessions sessions, Revocations revocations, CancellationToken cancellationToken)
    {
        if (await BrowserCookie.FindAsync(context, sessions, accounts, cancellationToken) is var (_, person)) await revocations.SignOutAsync(person.Id, cancellationToken);
        BrowserCookie.Remove(context);
        return TypedResults.LocalRedirect("/sign-in");
    }

    private static async Task<Results<RedirectHttpResult, RazorComponentResult>> CloseAsync(
        HttpContext context, Accounts accounts, AccountViews views, Sessions sessions, SignInDelays delays, PasskeyCeremonies passkeys, Closing closing, Database database,
        CancellationToken cancellationToken)
    {
        if (await BrowserCookie.FindAsync(context, sessions, accounts, cancellationToken) is not var (session, person)) return TypedResults.LocalRedirect("/sign-in");
        var form = await context.ReadFormAsync(cancellationToken);
        string? fault;
        if (form("credential").Length > 0)
        {
            var owner = await passkeys.SignInAsync(form("challenge"), form("credential"), context, cancellationToken);
            fault = owner?.Id == person.Id ? null : PasskeyCeremonies.NotAccepted;
        }
        else
        {
            var (signedIn, refusal) = await SignInRoutes.SignInAsync((person.Email ?? "", form("password")), accounts, delays, context, cancellationToken);
            fault = signedIn?.Id == person.Id ? null : refusal?.Detail ?? "This is not your password.";
        }
        if (fault is null && !await closing.CloseAsync(person.Id, Actor.Of(context), database, cancellationToken)) fault = "You are an organiser's only manager. Make somebody else one first.";
        if (fault is not null) return await views.ShowAsync(context, session, person, fault, cancellationToken);
        BrowserCookie.Remove(context);
        return context.Show(new PageForm("Your account is closed", "Your address can be signed up again."));
    }
}

/// <summary>What the account's page shows.</summary>
internal sealed class AccountViews(Memberships memberships, Sessions sessions, PasskeyCeremonies passkeys, AuthenticatorApps authenticators)
{
    /// <param name="notice">What the last form came to.</param>
    public async Task<RazorComponentResult> ShowAsync(HttpContext context, BrowserSession session, Person person, string? notice, CancellationToken cancellationToken)
    {
        var all = await memberships.ListAsync(person.Id, cancellationToken);
        return context.Show<AccountPage>(new
        {
            Account = new AccountView(person.Name, person.Email ?? "", session.Id,
                [.. all.Select(m => new MembershipResponse(m.TenantId, m.Slug, m.Organiser, MailTexts.RoleName(m.Role)))], await sessions.ListAsync(person.Id, cancellationToken),
                await passkeys.ListAsync(person), await authenticators.CountRecoveryCodesAsync(person.Id, cancellationToken), notice),
        });
    }
}
