using AdmitOne.Identity.Mail;
using AdmitOne.Identity.People;
using AdmitOne.Identity.SignIn;
using AdmitOne.Platform.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Identity.Pages;

/// <summary>Sign-in by password or by a mailed link, and new passwords.</summary>
internal static class SignInPages
{
    private const string NotThisCode = "This is not the newest code that was mailed to this address, or it is too old.";

    public static void Map(IEndpointRouteBuilder pages)
    {
        pages.MapGet("/sign-in", (HttpContext context, string? returnUrl) => context.Show(SignInForm(null, returnUrl))).WithName("SignInPage").WithSummary("Sign in");
        pages.MapPost("/sign-in", SignInAsync).WithName("SignInForm").WithSummary("Sign in by password").CountedAsSignIn();
        pages.MapPost("/sign-in/second-factor", GoOnAsync).WithName("SecondFactorForm").WithSummary("Go on with a sign-in by a code of the authenticator app").CountedAsSignIn();
        pages.MapGet("/sign-in/link", (HttpContext context) => context.Show(LinkForm(null))).WithName("SignInLinkPage").WithSummary("Ask for a sign-in link");
        pages.MapPost("/sign-in/link", AskLinkAsync).WithName("SignInLinkForm").WithSummary("Mail a sign-in link").CountedAsSignIn();
        pages.MapPost("/sign-in/code", SignInByCodeAsync).WithName("SignInCodeForm").WithSummary("Sign in by a mailed code").CountedAsSignIn();
        pages.MapGet("/reset", (HttpContext context) => context.Show(ResetForm(null))).WithName("ResetPage").WithSummary("Ask for a new password");
        pages.MapPost("/reset", AskResetAsync).WithName("ResetForm").WithSummary("Mail a link to choose a new password").CountedAsSignIn();
        pages.MapPost("/reset/code", ResetByCodeAsync).WithName("ResetCodeForm").WithSummary("Choose a new password by a mailed code").CountedAsSignIn();
    }

    private static async Task<Results<RedirectHttpResult, RazorComponentResult>> SignInAsync(
        HttpContext context, Accounts accounts, PageSignIn signIn, SignInDelays delays, CancellationToken cancellationToken)
    {
        var form = await context.ReadFormAsync(cancellationToken);
        var (person, refusal) = await SignInRoutes.SignInAsync((form("email"), form("password")), accounts, delays, context, cancellationToken);
        if (person is null) return context.Show(SignInForm(form("email"), form("returnUrl")) with { Error = refusal!.Detail });
        return await signIn.EnterAsync(context, person, form("returnUrl"), usedPasskey: false, cancellationToken);
    }

    private static async Task<Results<RedirectHttpResult, RazorComponentResult>> GoOnAsync(HttpContext context, PageSignIn signIn, CancellationToken cancellationToken)
    {
        var form = await context.ReadFormAsync(cancellationToken);
        return await signIn.GoOnAsync(context, form("step"), form("code"), cancellationToken);
    }

    private static async Task<RazorComponentResult> AskLinkAsync(HttpContext context, Accounts accounts, PublicAddress address, CancellationToken cancellationToken)
    {
        var form = await context.ReadFormAsync(cancellationToken);
        await accounts.MailLinkAsync(form("email"), Purposes.SignIn, address.SignUp, cancellationToken);
        return context.Show(CodeForm(form("email")));
    }

    private static async Task<Results<RedirectHttpResult, RazorComponentResult>> SignInByCodeAsync(
        HttpContext context, Accounts accounts, PageSignIn signIn, CancellationToken cancellationToken)
    {
        var form = await context.ReadFormAsync(cancellationToken);
        var result = await accounts.SignInByCodeAsync(form("email"), form("code"), cancellationToken);
        if (result.Person is null) return context.Show(CodeForm(form("email")) with { Error = result.Fault ?? NotThisCode });
        return await signIn.EnterAsync(context, result.Person, "/account", usedPasskey: false, cancellationToken);
    }

    private static async Task<RazorComponentResult> AskResetAsync(HttpContext context, Accounts accounts, PublicAddress address, CancellationToken cancellationToken)
    {
        var form = await context.ReadFormAsync(cancellationToken);
        await accounts.MailLinkAsync(form("email"), Purposes.Reset, address.SignUp, cancellationToken);
        return context.Show(NewPasswordForm(form("email")));
    }

    private static async Task<RazorComponentResult> ResetByCodeAsync(HttpContext context, Accounts accounts, CancellationToken cancellationToken)
    {
        var form = await context.ReadFormAsync(cancellationToken);
        var result = await accounts.ResetByCodeAsync(form("email"), form("code"), form("password"), cancellationToken);
        if (result.Person is null) return context.Show(NewPasswordForm(form("email")) with { Error = result.Fault ?? NotThisCode });
        return context.Show(new PageForm("Your password was changed", "You were signed out everywhere.") { Links = [new("/sign-in", "Sign in")] });
    }

    public static PageForm SignInForm(string? email, string? returnUrl) => new("Sign in", null, "/sign-in", "Sign in")
    {
        ReturnUrl = returnUrl,
        Passkey = new PasskeyButton("Sign in with a passkey", Creates: false, "/sign-in/passkey/options", "/sign-in/passkey"),
        Fields = [PageField.Email(email), PageField.Password(), PageField.Hidden("returnUrl", returnUrl)],
        Links = [new("/sign-in/link", "Mail me a sign-in link"), new("/reset", "I forgot my password"), new("/sign-up", "Sign up")],
    };

    private static PageForm LinkForm(string? email) => new("Sign in by mail", "We mail you a link and a code.", "/sign-in/link", "Mail me a link")
    {
        Fields = [PageField.Email(email)], Links = [new("/sign-in", "Sign in with a password")],
    };

    private static PageForm CodeForm(string email) => new("Look into your mail", $"If {email} has an account, a link and a code are on their way. Open the link, or enter the code here.", "/sign-in/code", "Sign in")
    {
        Fields = [PageField.Hidden("email", email), PageField.Code()],
    };

    private static PageForm ResetForm(string? email) => new("Choose a new password", "We mail you a link and a code.", "/reset", "Mail me a link")
    {
        Fields = [PageField.Email(email)], Links = [new("/sign-in", "Sign in")],
    };

    private static PageForm NewPasswordForm(string email) => new("Look into your mail", $"If {email} has an account, a link and a code are on their way. Open the link, or enter the code here.", "/reset/code", "Change my password")
    {
        Fields = [PageField.Hidden("email", email), PageField.Code(), PageField.NewPassword()],
    };
}
