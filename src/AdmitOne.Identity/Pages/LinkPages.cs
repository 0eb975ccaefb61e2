using AdmitOne.Identity.Passkeys;
using AdmitOne.Identity.People;
using AdmitOne.Platform.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Identity.Pages;

/// <summary>What a mailed link opens: a page with a button. Only the button acts.</summary>
internal static class LinkPages
{
    public static void Map(IEndpointRouteBuilder pages)
    {
        pages.MapGet("/link/{key}", ShowAsync).WithName("LinkPage").WithSummary("What a mailed link is for");
        pages.MapPost("/link/{key}", UseAsync).WithName("LinkForm").WithSummary("Use a mailed link").CountedAsSignIn();
    }

    private static async Task<RazorComponentResult> ShowAsync(
        string key, HttpContext context, MailCodes codes, Accounts accounts, PasskeyCeremonies passkeys, CancellationToken cancellationToken) =>
        await FormAsync(key, codes, accounts, passkeys, cancellationToken) is { } form ? context.Show(form) : context.Show(Over()).WithStatus(StatusCodes.Status404NotFound);

    private static async Task<Results<RedirectHttpResult, RazorComponentResult>> UseAsync(
        string key, HttpContext context, MailCodes codes, Accounts accounts, PasskeyCeremonies passkeys, PageSignIn signIn, CancellationToken cancellationToken)
    {
        if (await FormAsync(key, codes, accounts, passkeys, cancellationToken) is not { } form) return context.Show(Over()).WithStatus(StatusCodes.Status404NotFound);
        var posted = await context.ReadFormAsync(cancellationToken);
        var asksPassword = form.Fields.Any(field => field.Name == "password");
        return await EnterAsync(context, form, await accounts.UseLinkAsync(key, new LinkCredential(asksPassword ? posted("password") : null), cancellationToken), usedPasskey: false, signIn, cancellationToken);
    }

    /// <summary>Signs the browser in after a link was used, or says why it was not.</summary>
    public static async Task<Results<RedirectHttpResult, RazorComponentResult>> EnterAsync(
        HttpContext context, PageForm form, CodeResult result, bool usedPasskey, PageSignIn signIn, CancellationToken cancellationToken)
    {
        if (result.Fault is not null) return context.Show(form with { Error = result.Fault });
        if (result.IsTaken) return context.Show(new PageForm("You have an account", "This address has an account already. Sign in with its password.") { Links = [new("/sign-in", "Sign in")] });
        if (result.Person is null) return context.Show(Over()).WithStatus(StatusCodes.Status404NotFound);
        return await signIn.EnterAsync(context, result.Person, "/account", usedPasskey, cancellationToken);
    }

    /// <summary>What a link's page asks for; null if the link is over.</summary>
    public static async Task<PageForm?> FormAsync(string key, MailCodes codes, Accounts accounts, PasskeyCeremonies passkeys, CancellationToken cancellationToken)
    {
        if (await codes.FindByKeyAsync(key, cancellationToken) is not { } code || await accounts.FindAsync(code.PersonId, cancellationToken) is not { } person) return null;
        var action = "/link/" + key;
        var passkey = new PasskeyButton("Create a passkey instead", Creates: true, action + "/passkey/options", action + "/passkey");
        // Who opens the mail owns the address, and need not be who signed up: the password is chosen or repeated here, and the one of the sign-up ends unless it is the same.
        if (!person.EmailConfirmed && (await passkeys.ListAsync(person)).Count > 0) passkey = passkey with { Label = "Confirm with your passkey", Creates = false, Options = "/sign-in/passkey/options" };
        if (!person.EmailConfirmed)
            return new PageForm("Confirm your address", $"Choose a password for {code.Email}, or repeat the one that you signed up with.", action, "Confirm") { Fields = [PageField.Hidden("email", code.Email), PageField.NewPassword("Password, at least 12 characters")], Passkey = passkey };
        return code.Purpose switch
        {
            Purposes.SignIn => new PageForm("Sign in", $"Sign in as {code.Email}.", action, "Sign in"),
            // A forgotten password is replaced: a passkey beside it would leave the old one good.
            Purposes.Reset or Purposes.Welcome => new PageForm("Choose a password", $"For {code.Email}.", action, "Save")
            {
                Fields = [PageField.Hidden("email", code.Email), PageField.NewPassword()], Passkey = code.Purpose == Purposes.Welcome ? passkey : null,
            },
            _ => null,
        };
    }

    public static PageForm Over() => new("This link is over", "It was used, or it is too old. Ask for another one.") { Links = [new("/sign-in", "Sign in")] };
}
