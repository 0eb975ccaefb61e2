using AdmitOne.Identity.OpenId;
using AdmitOne.Identity.People;
using AdmitOne.Identity.SignIn;
using AdmitOne.Platform.Http;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace AdmitOne.Identity.Pages;

/// <summary>The page where a person enters the code that a scanner or a command line shows, and lets it in or refuses it (RFC 8628). Only the buttons act.</summary>
internal static class DevicePages
{
    private const string Scheme = OpenIddictServerAspNetCoreDefaults.AuthenticationScheme;

    public static void Map(IEndpointRouteBuilder pages)
    {
        pages.MapGet(OpenIdSetup.DevicePagePath, ShowAsync).WithName("DevicePage").WithSummary("Enter the code of a device").CountedAsSignIn();
        pages.MapPost(OpenIdSetup.DevicePagePath, DecideAsync).WithName("DeviceForm").WithSummary("Let a device in, or refuse it").CountedAsSignIn();
        pages.MapPost("/device/code", EnterCodeAsync).WithName("DeviceCodeForm").WithSummary("Look a device's code up").CountedAsSignIn();
        pages.MapGet("/device/done", (HttpContext context) => context.Show(new PageForm("The device is signed in", "You can go on there. It is listed under your devices, where you can sign it out.")
        {
            Links = [new("/account", "Your account")],
        })).WithName("DeviceDonePage").WithSummary("A device was let in");
        pages.MapGet("/device/refused", (HttpContext context) => context.Show(new PageForm("The device was refused", "It is not signed in."))).WithName("DeviceRefusedPage").WithSummary("A device was refused");
    }

    private static async Task<IResult> ShowAsync(HttpContext context, Accounts accounts, Memberships memberships, Sessions sessions, IOpenIddictApplicationManager applications, CancellationToken cancellationToken)
    {
        var code = context.Request.Query["user_code"].ToString();
        if (await BrowserCookie.FindAsync(context, sessions, accounts, cancellationToken) is not var (_, person))
        {
            var back = code.Length is > 0 and <= 40 ? $"{OpenIdSetup.DevicePagePath}?user_code={Uri.EscapeDataString(code)}" : OpenIdSetup.DevicePagePath;
            return Results.LocalRedirect($"/sign-in?returnUrl={Uri.EscapeDataString(back)}");
        }
        if (code.Length == 0) return context.Show(CodeForm(null));
        if (await FindAsync(context, applications, cancellationToken) is not { } device) return context.Show(NotThisCode());
        var all = await memberships.ListAsync(person.Id, cancellationToken);
        if (all.Count == 0) return context.Show(new PageForm("You belong to no organiser", "Sign up at one, or ask for an invitation, before you let a device in."));
        return context.Show(new PageForm($"Let {device.Name} in?", $"{device.Name} asks to act for you, {person.Email}. Go on only if the code {code} is on a device in front of you, and you began this there.",
            OpenIdSetup.DevicePagePath, "Let it in")
        {
            Refuse = "Refuse",
            Fields =
            [
                PageField.Hidden("user_code", code),
                all.Count == 1 ? PageField.Hidden("tenant", all[0].TenantId.ToString())
                    : new PageField("tenant", "For") { Choices = [.. all.Select(m => KeyValuePair.Create(m.TenantId.ToString(), $"{m.Organiser}, as {Mail.MailTexts.RoleName(m.Role)}"))] },
            ],
        });
    }

    private static async Task<IResult> DecideAsync(HttpContext context, Accounts accounts, Memberships memberships, Sessions sessions, IOpenIddictApplicationManager applications, CancellationToken cancellationToken)
    {
        if (await BrowserCookie.FindAsync(context, sessions, accounts, cancellationToken) is not var (_, person)) return Results.LocalRedirect($"/sign-in?returnUrl={OpenIdSetup.DevicePagePath}");
        if (await FindAsync(context, applications, cancellationToken) is not { } device) return context.Show(NotThisCode());
        var form = await context.ReadFormAsync(cancellationToken);
        if (form("refuse").Length > 0) return Results.Forbid(new AuthenticationProperties { RedirectUri = "/device/refused" }, [Scheme]);
        var (membership, refusal) = await memberships.ChooseAsync(person, form("tenant") is { Length: > 0 and <= 60 } tenant ? tenant : null, cancellationToken);
        if (membership is null) return context.Show(CodeForm(refusal!.Errors.Length > 0 ? refusal.Errors[0].Message : refusal.Detail));
        // Listed by what it is, and by the network of who let it in.
        var grant = new Grant(person, membership, device.ClientId, device.Scopes, Device.Of(context) with { Agent = device.Name });
        return Results.SignIn(await OpenIdRoutes.GrantAsync(context, grant, cancellationToken), new AuthenticationProperties { RedirectUri = "/device/done" }, Scheme);
    }

    private static async Task<IResult> EnterCodeAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var form = await context.ReadFormAsync(cancellationToken);
        var letters = string.Concat(form("code").ToUpperInvariant().Where(char.IsAsciiLetter));
        if (letters.Length != 8) return context.Show(NotThisCode());
        return Results.LocalRedirect($"{OpenIdSetup.DevicePagePath}?user_code={letters[..4]}-{letters[4..]}");
    }

    /// <summary>Which client waits with the code of this request; null if none does.</summary>
    private static async Task<WaitingDevice?> FindAsync(HttpContext context, IOpenIddictApplicationManager applications, CancellationToken cancellationToken)
    {
        var found = await context.AuthenticateAsync(Scheme);
        if (!found.Succeeded || found.Principal.GetClaim(Claims.ClientId) is not { Length: > 0 } clientId) return null;
        if (await applications.FindByClientIdAsync(clientId, cancellationToken) is not { } application) return null;
        return new WaitingDevice(clientId, await applications.GetDisplayNameAsync(application, cancellationToken) ?? clientId, found.Principal.GetScopes());
    }

    private static PageForm CodeForm(string? error) => new("Let a device in", "Enter the code that the device shows.", "/device/code", "Go on")
    {
        Fields = [new PageField("code", "Code of 8 letters")], Error = error,
    };

    private static PageForm NotThisCode() => CodeForm("No device waits with this code. It is good for ten minutes: look at the device again.");

    private sealed record WaitingDevice(string ClientId, string Name, System.Collections.Immutable.ImmutableArray<string> Scopes);
}
