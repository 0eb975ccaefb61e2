using AdmitOne.Identity.OpenId;
using AdmitOne.Identity.Passkeys;
using AdmitOne.Identity.People;
using AdmitOne.Identity.SignIn;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.WebUtilities;

namespace AdmitOne.Identity.Pages;

/// <summary>A page with one form, or with a message and no form.</summary>
/// <param name="Action">The path that the form is posted to.</param>
/// <param name="Button">What the button says; null for a page without a form.</param>
public sealed record PageForm(string Title, string? Text = null, string Action = "", string? Button = null)
{
    public IReadOnlyList<PageField> Fields { get; init; } = [];

    public IReadOnlyList<PageLink> Links { get; init; } = [];

    /// <summary>A second button, for browsers that know passkeys.</summary>
    public PasskeyButton? Passkey { get; init; }

    /// <summary>What a second button says, which posts the same form with <c>refuse</c>.</summary>
    public string? Refuse { get; init; }

    /// <summary>Where the form leads in the end. A sign-in for a client ends at the client's address, which browsers must be allowed to go to after a form.</summary>
    public string? ReturnUrl { get; init; }

    /// <summary>What is shown once, such as recovery codes: a line each.</summary>
    public IReadOnlyList<string> Lines { get; init; } = [];

    /// <summary>A PNG, above the form.</summary>
    public PagePicture? Picture { get; init; }

    /// <summary>Why the last try did not succeed.</summary>
    public string? Error { get; init; }
}

public sealed record PageField(string Name, string Label, string Type = "text", string Autocomplete = "off")
{
    public string? Value { get; init; }

    public string? InputMode { get; init; }

    /// <summary>Of which one is chosen, by value and text; null for what is typed.</summary>
    public IReadOnlyList<KeyValuePair<string, string>>? Choices { get; init; }

    public bool Required { get; init; } = true;

    public static PageField Email(string? value = null) => new("email", "E-mail address", "email", "username") { Value = value };

    public static PageField Password(string label = "Password") => new("password", label, "password", "current-password");

    public static PageField NewPassword(string label = "New password, at least 12 characters") => new("password", label, "password", "new-password");

    public static PageField PersonName() => new("name", "Your name", "text", "name");

    public static PageField Code() => new("code", "Code of 6 digits", "text", "one-time-code") { InputMode = "numeric" };

    public static PageField AppCode(string label = "Code of the authenticator app") => new("code", label, "text", "one-time-code");

    public static PageField Hidden(string name, string? value) => new(name, "", "hidden") { Value = value, Required = false };
}

/// <summary>A button that creates or uses a passkey and sends its form.</summary>
/// <param name="Creates">False: it uses one.</param>
/// <param name="Options">The path that the script posts the form to first, for the options of the browser's call.</param>
/// <param name="Action">The path that the form is then posted to, with <c>challenge</c> and <c>credential</c>.</param>
public sealed record PasskeyButton(string Label, bool Creates, string Options, string Action);

public sealed record PagePicture(byte[] Png, string Text);

public sealed record PageLink(string Href, string Text);

public sealed record AccountView(
    string Name, string Email, Guid SessionId, IReadOnlyList<MembershipResponse> Memberships, IReadOnlyList<SessionResponse> Sessions,
    IReadOnlyList<PasskeyResponse> Passkeys, int? RecoveryCodesLeft, string? Notice);

internal static class PageResults
{
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

    /// <summary>Renders a form. 422 if it says an error.</summary>
    public static RazorComponentResult Show(this HttpContext context, PageForm form)
    {
        Protect(context, form.ReturnUrl);
        return new RazorComponentResult<FormPage>(new { Form = form }) { StatusCode = form.Error is null ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity };
    }

    public static RazorComponentResult Show<TPage>(this HttpContext context, object parameters) where TPage : IComponent
    {
        Protect(context, null);
        return new RazorComponentResult<TPage>(parameters);
    }

    // A link is a secret: no cache keeps its page and no other site learns its address. Of a form on our own page the browser says where it comes from.
    private static void Protect(HttpContext context, string? returnUrl)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = ClientOf(returnUrl) is { } client ? $"{Policy} {client}" : Policy;
        headers["Referrer-Policy"] = "same-origin";
        headers.CacheControl = "no-store";
    }

    // The form itself is posted to us. Whether the client may be answered at this address, the authorization endpoint decides.
    private static string? ClientOf(string? returnUrl)
    {
        if (returnUrl?.StartsWith(OpenIdSetup.AuthorizePath + "?", StringComparison.Ordinal) != true) return null;
        var address = QueryHelpers.ParseQuery(returnUrl[OpenIdSetup.AuthorizePath.Length..])["redirect_uri"].ToString();
        if (!Uri.TryCreate(address, UriKind.Absolute, out var client)) return null;
        return client.Scheme == Uri.UriSchemeHttp || client.Scheme == Uri.UriSchemeHttps ? client.GetLeftPart(UriPartial.Authority) : client.Scheme + ":";
    }
}
