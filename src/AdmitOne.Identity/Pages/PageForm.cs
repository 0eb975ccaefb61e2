using AdmitOne.Identity.People;
using AdmitOne.Identity.SignIn;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AdmitOne.Identity.Pages;

/// <summary>A page with one form, or with a message and no form.</summary>
/// <param name="Action">The path that the form is posted to.</param>
/// <param name="Button">What the button says; null for a page without a form.</param>
public sealed record PageForm(string Title, string? Text = null, string Action = "", string? Button = null)
{
    public IReadOnlyList<PageField> Fields { get; init; } = [];

    public IReadOnlyList<PageLink> Links { get; init; } = [];

    /// <summary>Why the last try did not succeed.</summary>
    public string? Error { get; init; }
}

public sealed record PageField(string Name, string Label, string Type = "text", string Autocomplete = "off")
{
    public string? Value { get; init; }

    public string? InputMode { get; init; }

    public bool Required { get; init; } = true;

    public static PageField Email(string? value = null) => new("email", "E-mail address", "email", "username") { Value = value };

    public static PageField Password(string label = "Password") => new("password", label, "password", "current-password");

    public static PageField NewPassword(string label = "New password, at least 12 characters") => new("password", label, "password", "new-password");

    public static PageField PersonName() => new("name", "Your name", "text", "name");

    public static PageField Code() => new("code", "Code of 6 digits", "text", "one-time-code") { InputMode = "numeric" };

    public static PageField Hidden(string name, string? value) => new(name, "", "hidden") { Value = value, Required = false };
}

public sealed record PageLink(string Href, string Text);

public sealed record AccountView(
    string Name, string Email, Guid SessionId, IReadOnlyList<MembershipResponse> Memberships, IReadOnlyList<SessionResponse> Sessions, string? Notice);

internal static class PageResults
{
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    /// <summary>Renders a form. 422 if it says an error.</summary>
    public static RazorComponentResult Show(this HttpContext context, PageForm form)
    {
        Protect(context);
        return new RazorComponentResult<FormPage>(new { Form = form }) { StatusCode = form.Error is null ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity };
    }

    public static RazorComponentResult Show<TPage>(this HttpContext context, object parameters) where TPage : IComponent
    {
        Protect(context);
        return new RazorComponentResult<TPage>(parameters);
    }

    // A link is a secret: no cache keeps its page and no other site learns its address. Of a form on our own page the browser says where it comes from.
    private static void Protect(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers["Referrer-Policy"] = "same-origin";
        headers.CacheControl = "no-store";
    }
}
