using System.Net;

namespace AdmitOne.Identity.Mail;

/// <summary>What the mails say. The text begins with the code, if there is one, so that it can be read in a notification.</summary>
internal static class MailTexts
{
    public static NewMail Verify(string to, MailedCode code) => Make(to, "verify", "Confirm your e-mail address",
        $"{code.Code} is your code to confirm this e-mail address.",
        "Enter the code where you signed up, or open this link and choose a password there:", code.Link,
        "If you did not sign up, do nothing: the account cannot use your address.");

    public static NewMail SignIn(string to, MailedCode code) => Make(to, "sign_in", "Your sign-in link",
        $"{code.Code} is your code to sign in.", "Enter the code, or open this link:", code.Link, "It works once and for 15 minutes. If you did not ask for it, do nothing.");

    public static NewMail Reset(string to, MailedCode code) => Make(to, "reset", "Choose a new password",
        $"{code.Code} is your code to choose a new password.", "Enter the code, or open this link:", code.Link,
        "It works once and for one hour. If you did not ask for it, do nothing: your password stays as it is.");

    public static NewMail NoAccount(string to, Uri signUp) => Make(to, "no_account", "There is no account with this address",
        "Somebody asked to sign in with this e-mail address. It has no account.", "Sign up here if it was you:", signUp, "If it was not you, do nothing.");

    public static NewMail Welcome(string to, string organiser, MailedCode code) => Make(to, "welcome", $"You manage {organiser}",
        $"An account was made for you to manage {organiser}.", "Open this link and choose a password:", code.Link, "The link works once and for seven days.");

    public static NewMail Invite(string to, Invitation invitation)
    {
        var mail = Make(to, "invitation", $"{invitation.Organiser} invites you",
            $"{invitation.Organiser} invites you to its team as {RoleName(invitation.Role)}.", "Open this link to accept:", invitation.Link,
            "The link works once and for seven days. If you do not know this organiser, do nothing.");
        return mail with { TenantId = invitation.TenantId };
    }

    public static NewMail PasskeyAdded(string to, string name, Uri account) => Make(to, "passkey_added", "A passkey was added to your account",
        $"The passkey \"{name}\" can sign in to your account from now on.", "Your passkeys and devices are listed here:", account,
        "If it was not you, remove the passkey there and sign out everywhere.");

    public static NewMail PasskeyRemoved(string to, string name, Uri account) => Make(to, "passkey_removed", "A passkey was removed from your account",
        $"The passkey \"{name}\" can no longer sign in to your account.", "Your passkeys and devices are listed here:", account,
        "If it was not you, sign out everywhere there and choose a new password.");

    public static NewMail AuthenticatorAdded(string to, Uri account) => Make(to, "authenticator_added", "Sign-in asks for a code from now on",
        "Your account has an authenticator app now: sign-in asks for one of its codes.", "It is removed here:", account,
        "If it was not you, choose a new password and sign out everywhere.");

    public static NewMail AuthenticatorRemoved(string to, Uri account) => Make(to, "authenticator_removed", "Sign-in no longer asks for a code",
        "The authenticator app of your account was removed.", "Your account:", account,
        "If it was not you, choose a new password and sign out everywhere.");

    /// <summary>A role as people read it.</summary>
    public static string RoleName(string role) => role switch
    {
        "venue_staff" => "staff",
        "venue_manager" => "manager",
        "admin" => "administrator",
        "ops" => "operator",
        _ => "customer",
    };

    private static NewMail Make(string to, string kind, string subject, string first, string before, Uri link, string last)
    {
        static string Html(string text) => WebUtility.HtmlEncode(text);
        var text = $"{first}\n\n{before}\n{link}\n\n{last}\n";
        var html = $"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{Html(subject)}</title><body><p>{Html(first)}</p><p>{Html(before)}</p>"
            + $"<p><a href=\"{Html(link.ToString())}\">{Html(link.ToString())}</a></p><p>{Html(last)}</p></body></html>";
        return new NewMail(to, kind, subject, text, html);
    }
}

/// <summary>What one mail offers: a link that a button on its page acts for, and a code of 6 digits for another device.</summary>
internal sealed record MailedCode(string Code, string Key, Uri Link);

internal sealed record Invitation(Guid TenantId, string Organiser, string Role, Uri Link);
