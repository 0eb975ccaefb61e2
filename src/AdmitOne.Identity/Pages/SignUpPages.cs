using System.ComponentModel.DataAnnotations;
using AdmitOne.Identity.People;
using AdmitOne.Identity.SignIn;
using AdmitOne.Platform.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Identity.Pages;

internal static class SignUpPages
{
    public static void Map(IEndpointRouteBuilder pages)
    {
        pages.MapGet("/sign-up", (HttpContext context, string? organiser) => context.Show(SignUpForm(organiser, null, null))).WithName("SignUpPage").WithSummary("Sign up");
        pages.MapPost("/sign-up", SignUpAsync).WithName("SignUpForm").WithSummary("Make a customer's account");
        pages.MapPost("/sign-up/code", ConfirmAsync).WithName("SignUpCodeForm").WithSummary("Confirm the address of a new account").CountedAsSignIn();
    }

    /// <summary>Asks for the code of one account: that of another sign-up with the same address is not taken.</summary>
    public static PageForm CodeForm(Guid personId, string email) => new("Confirm your address", $"We mailed a code to {email}. Enter it here.", "/sign-up/code", "Confirm")
    {
        Fields = [PageField.Hidden("account", personId.ToString()), PageField.Hidden("email", email), PageField.Code()],
    };

    private static async Task<RazorComponentResult> SignUpAsync(HttpContext context, Accounts accounts, Memberships memberships, CancellationToken cancellationToken)
    {
        var form = await context.ReadFormAsync(cancellationToken);
        var (organiser, email, fault) = await ReadAsync(form, hasPassword: true, memberships, cancellationToken);
        if (fault is not null) return context.Show(SignUpForm(form("organiser"), form("email"), form("name")) with { Error = fault });
        var person = await accounts.SignUpAsync(new NewAccount(email, form("password"), form("name")), organiser!.TenantId, cancellationToken);
        return context.Show(CodeForm(person.Id, person.Email!));
    }

    /// <summary>Checks a form of sign-up.</summary>
    /// <param name="hasPassword">False: a passkey takes the password's place.</param>
    /// <returns>The organiser, the address and null; or what is wrong.</returns>
    public static async Task<(Organiser? Organiser, string Email, string? Fault)> ReadAsync(
        Func<string, string> form, bool hasPassword, Memberships memberships, CancellationToken cancellationToken)
    {
        if (form("organiser") is not { Length: > 0 and <= 60 } tenant || await memberships.FindOrganiserAsync(tenant, cancellationToken) is not { } organiser)
            return (null, "", "No organiser has this name. Use the link on the organiser's page.");
        // Where there is no password, one that breaks no rule stands for it.
        var account = new SignUp { Tenant = tenant, Email = form("email"), Password = hasPassword ? form("password") : MailCodes.NewKey(), Name = form("name") };
        var faults = new List<ValidationResult>();
        return Validator.TryValidateObject(account, new ValidationContext(account), faults, validateAllProperties: true)
            ? (organiser, account.Email, null)
            : (null, "", string.Join(' ', faults.Select(fault => $"{string.Join(", ", fault.MemberNames)}: {fault.ErrorMessage}")));
    }

    private static async Task<Results<RedirectHttpResult, RazorComponentResult>> ConfirmAsync(
        HttpContext context, Accounts accounts, PageSignIn signIn, CancellationToken cancellationToken)
    {
        var form = await context.ReadFormAsync(cancellationToken);
        _ = Guid.TryParse(form("account"), out var id);
        var result = await accounts.ConfirmByCodeAsync(form("email"), form("code"), id, cancellationToken);
        if (result.IsTaken) return context.Show(new PageForm("You have an account", "This address has an account already. Sign in with its password.") { Links = [new("/sign-in", "Sign in"), new("/reset", "I forgot my password")] });
        if (result.Person is null) return context.Show(CodeForm(id, form("email")) with { Error = "This is not the code that was mailed for this account. After ten tries in a day only the link in the mail works." });
        return await signIn.EnterAsync(context, result.Person, "/account", usedPasskey: false, cancellationToken);
    }

    public static PageForm SignUpForm(string? organiser, string? email, string? name) => new("Sign up", null, "/sign-up", "Sign up")
    {
        Passkey = new PasskeyButton("Sign up with a passkey", Creates: true, "/sign-up/passkey/options", "/sign-up/passkey"),
        Fields =
        [
            new PageField("organiser", "Organiser, as in the address of its page") { Value = organiser },
            PageField.PersonName() with { Value = name }, PageField.Email(email), PageField.NewPassword("Password, at least 12 characters"),
        ],
        Links = [new("/sign-in", "I have an account")],
    };
}
