using System.Net;
using System.Net.Http.Json;
using System.Web;
using AdmitOne.Identity;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Tenancy;
using Microsoft.Playwright;

namespace AdmitOne.IntegrationTests.Identity;

/// <summary>Passkeys in a real browser with a virtual authenticator.</summary>
public sealed class PasskeyTests(World world, Chromium chromium) : IClassFixture<World>, IClassFixture<Chromium>
{
    private const string Password = "a good long password";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_person_adds_a_passkey_signs_in_with_it_and_removes_it()
    {
        const string email = "pia@people.example";
        var page = await SignedInAsync(email);
        await Chromium.AddAuthenticatorAsync(page);
        await page.FillAsync("#passkey-name", "my phone");
        await Chromium.PictureAsync(page, "account");
        await Chromium.GoAsync(page, "Add a passkey", "/account");
        await Assertions.Expect(page.GetByText("my phone, since")).ToBeVisibleAsync();
        using var reader = new Browser(world.AuthUrl);
        Assert.Contains("The passkey \"my phone\" can sign in", (await reader.MailAsync(email)).Text, StringComparison.Ordinal);
        await Chromium.PictureAsync(page, "account-with-passkey");

        await Chromium.GoAsync(page, "Sign out everywhere", "/sign-in");
        await Chromium.PictureAsync(page, "sign-in");
        await page.GotoAsync("/sign-in?returnUrl=%2Faccount%3Fa%3D1");
        await Chromium.GoAsync(page, "Sign in with a passkey", "/account?a=1");
        await Assertions.Expect(page.GetByText("this device")).ToBeVisibleAsync();

        // By the API: listed, and removed once.
        using var me = await ApiAsync(email);
        var passkey = (await me.GetJsonAsync("/api/v1/me/passkeys")).Items().Single();
        Assert.Equal("my phone", passkey.Text("name"));
        using (var other = await ApiAsync("somebody-else@people.example"))
            Assert.Equal("not_found", await (await other.DeleteAsync($"/api/v1/me/passkeys/{passkey.Text("id")}", Stop)).RefusedAsync(HttpStatusCode.NotFound));
        await Chromium.GoAsync(page, "Remove", "/account");
        Assert.Equal("not_found", await (await me.DeleteAsync($"/api/v1/me/passkeys/{passkey.Text("id")}", Stop)).RefusedAsync(HttpStatusCode.NotFound));
        await page.GotoAsync("/sign-in");
        await Chromium.GoAsync(page, "Sign in with a passkey", "/sign-in/passkey");
        await Assertions.Expect(page.GetByRole(AriaRole.Alert).First).ToContainTextAsync("was not accepted");
    }

    [Fact]
    public async Task A_credential_is_good_once_and_for_the_page_that_asked_for_it()
    {
        var page = await SignedInAsync("once@people.example");
        await Chromium.AddAuthenticatorAsync(page);
        await Chromium.GoAsync(page, "Add a passkey", "/account");
        await page.GotoAsync("/sign-in");
        var sent = await page.RunAndWaitForRequestAsync(() => page.ClickAsync("text=Sign in with a passkey"), request => request.Url.EndsWith("/sign-in/passkey", StringComparison.Ordinal));
        await page.WaitForURLAsync("**/account");
        var form = HttpUtility.ParseQueryString(sent.PostData!);
        using var thief = new Browser(new Uri($"http://localhost:{world.AuthUrl.Port}"));
        using var replayed = await thief.PostAsync("/sign-in/passkey", new { challenge = form["challenge"], credential = form["credential"] });
        Assert.Equal(HttpStatusCode.UnprocessableEntity, replayed.StatusCode);
        // Under a challenge of the thief's own the signature is another one's.
        using var begun = await thief.PostAsync("/sign-in/passkey/options", new { });
        var challenge = (await begun.ReadAsync()).Text("challenge");
        using var forged = await thief.PostAsync("/sign-in/passkey", new { challenge, credential = form["credential"] });
        Assert.Equal(HttpStatusCode.UnprocessableEntity, forged.StatusCode);
        foreach (var credential in new[] { "", "{}", "[]", "null", "not json", new string('x', 20_000) })
        {
            using var again = await thief.PostAsync("/sign-in/passkey/options", new { });
            using var bad = await thief.PostAsync("/sign-in/passkey", new { challenge = (await again.ReadAsync()).Text("challenge"), credential });
            Assert.Equal(HttpStatusCode.UnprocessableEntity, bad.StatusCode);
        }
        using var nobody = await thief.PostAsync("/account/passkeys/options", new { });
        Assert.Equal(HttpStatusCode.Unauthorized, nobody.StatusCode);
        using var elsewhere = await thief.PostAsync("/sign-in/passkey/options", new { }, "cross-site");
        Assert.Equal(HttpStatusCode.Forbidden, elsewhere.StatusCode);
    }

    [Fact]
    public async Task Who_is_invited_or_set_up_needs_no_password()
    {
        using var platform = world.Client(world.AuthUrl, Roles.Admin, Guid.CreateVersion7(), TenantDirectory.Platform);
        var made = await platform.MakeAsync("/api/v1/admin/tenants", new { name = "Pass Hall", slug = "pass-hall", managerEmail = "max@people.example" });
        var page = await chromium.OpenAsync(world.AuthUrl);
        await Chromium.AddAuthenticatorAsync(page);
        await page.GotoAsync(new Uri(made.Text("managerLink")).AbsolutePath);
        await Chromium.PictureAsync(page, "welcome");
        await Chromium.GoAsync(page, "Create a passkey instead", "/account");
        await Assertions.Expect(page.GetByText("Pass Hall: administrator")).ToBeVisibleAsync();
        Assert.Null(await world.Ask<string>("select password_hash from identity.people where email = 'max@people.example'"));

        using var manager = world.Client(world.AuthUrl, Roles.VenueManager, Guid.CreateVersion7());
        await manager.MakeAsync("/api/v1/invitations", new { email = "ines@people.example", role = Roles.VenueStaff });
        using var reader = new Browser(world.AuthUrl);
        var invited = await chromium.OpenAsync(world.AuthUrl);
        await Chromium.AddAuthenticatorAsync(invited);
        await invited.GotoAsync((await reader.MailAsync("ines@people.example")).Link);
        await invited.FillAsync("#name", "Ines");
        await Chromium.PictureAsync(invited, "invitation");
        await Chromium.GoAsync(invited, "Accept with a new passkey", "/account");
        await Assertions.Expect(invited.GetByText("Our Hall: staff")).ToBeVisibleAsync();
        await Chromium.GoAsync(invited, "Sign out everywhere", "/sign-in");
        await Chromium.GoAsync(invited, "Sign in with a passkey", "/account");
        await Chromium.GoAsync(invited, "Close my account with a passkey", "/account/close");
        await Assertions.Expect(invited.GetByText("Your account is closed")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_person_signs_up_with_a_passkey_and_confirms_by_the_code_or_by_the_link()
    {
        using var reader = new Browser(world.AuthUrl);
        foreach (var (email, byLink) in new[] { ("by-code@people.example", false), ("by-link@people.example", true) })
        {
            var page = await SigningUpAsync(email);
            if (byLink)
            {
                await page.GotoAsync((await reader.MailAsync(email)).Link);
                await Chromium.GoAsync(page, "Confirm with your passkey", "/account");
            }
            else
            {
                await page.FillAsync("#code", (await reader.MailAsync(email)).Code);
                await Chromium.GoAsync(page, "Confirm", "/account");
            }
            await Assertions.Expect(page.GetByText("Our Hall: customer")).ToBeVisibleAsync();
            await Chromium.GoAsync(page, "Sign out everywhere", "/sign-in");
            await Chromium.GoAsync(page, "Sign in with a passkey", "/account");
        }
    }

    [Fact]
    public async Task A_strangers_passkey_ends_when_the_addresss_owner_uses_the_link()
    {
        const string email = "vera@people.example";
        var stranger = await SigningUpAsync(email);
        using var owner = new Browser(world.AuthUrl);
        var link = (await owner.MailAsync(email)).Link;
        using var confirmed = await owner.PostAsync(link, new { password = Password });
        Assert.Equal(HttpStatusCode.Redirect, confirmed.StatusCode);
        await stranger.GotoAsync("/sign-in");
        await Chromium.GoAsync(stranger, "Sign in with a passkey", "/sign-in/passkey");
        await Assertions.Expect(stranger.GetByRole(AriaRole.Alert).First).ToContainTextAsync("was not accepted");
        Assert.Equal(0, await world.Ask<int>("select count(*)::int from identity.person_passkeys k join identity.people p on p.id = k.person_id where p.email = @email", new { email }));
    }

    [Fact]
    public async Task A_form_that_is_not_filled_in_says_so_before_a_passkey_is_made()
    {
        var page = await chromium.OpenAsync(world.AuthUrl);
        await Chromium.AddAuthenticatorAsync(page);
        var errors = new List<string>();
        page.Console += (_, message) => { if (message.Type == "error" && message.Text.Contains("Content Security Policy", StringComparison.Ordinal)) errors.Add(message.Text); };
        await page.GotoAsync("/sign-up?organiser=ours");
        await page.ClickAsync("text=Sign up with a passkey");
        await Assertions.Expect(page.Locator("[data-message]")).ToContainTextAsync("Email");
        await Chromium.PictureAsync(page, "sign-up");
        Assert.Empty(errors);
    }

    [Fact]
    public async Task A_browser_that_signs_in_for_a_client_gets_back_to_the_client()
    {
        var back = new Uri(world.TicketsUrl, "/health");
        using var platform = world.Client(world.AuthUrl, Roles.Admin, Guid.CreateVersion7(), TenantDirectory.Platform);
        await platform.MakeAsync("/api/v1/admin/clients", new { clientId = "browser-shop", name = "Shop", redirectUris = new[] { back.ToString() } });
        const string email = "shopper@people.example";
        await IdentityService.AddUserAsync(world.IdentityHost, world.Tenant, email, Password, "Sam", Roles.Customer, Stop);
        var page = await chromium.OpenAsync(world.AuthUrl);
        await page.GotoAsync($"/connect/authorize?client_id=browser-shop&response_type=code&redirect_uri={Uri.EscapeDataString(back.ToString())}&scope=openid&state=abc"
            + "&code_challenge=abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq&code_challenge_method=S256");
        await page.FillAsync("#email", email);
        await page.FillAsync("#password", Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await page.WaitForURLAsync(back + "?*");
        Assert.Contains("state=abc", page.Url, StringComparison.Ordinal);
    }

    private async Task<IPage> SignedInAsync(string email)
    {
        await IdentityService.AddUserAsync(world.IdentityHost, world.Tenant, email, Password, email.Split('@')[0], Roles.Customer, Stop);
        var page = await chromium.OpenAsync(world.AuthUrl);
        await page.GotoAsync("/sign-in");
        await page.FillAsync("#email", email);
        await page.FillAsync("#password", Password);
        await Chromium.GoAsync(page, "Sign in", "/account");
        return page;
    }

    /// <summary>As far as the page that asks for the mailed code.</summary>
    private async Task<IPage> SigningUpAsync(string email)
    {
        var page = await chromium.OpenAsync(world.AuthUrl);
        await Chromium.AddAuthenticatorAsync(page);
        await page.GotoAsync("/sign-up?organiser=ours");
        await page.FillAsync("#name", "Paul");
        await page.FillAsync("#email", email);
        await Chromium.GoAsync(page, "Sign up with a passkey", "/sign-up/passkey");
        await Assertions.Expect(page.GetByText("We mailed a code")).ToBeVisibleAsync();
        return page;
    }

    private async Task<HttpClient> ApiAsync(string email)
    {
        await IdentityService.AddUserAsync(world.IdentityHost, world.Tenant, email, Password, email.Split('@')[0], Roles.Customer, Stop);
        using var api = world.Auth();
        var client = world.Client(world.AuthUrl);
        client.DefaultRequestHeaders.Authorization = new("Bearer", (await (await api.PostAsJsonAsync("/api/v1/token", new { email, password = Password }, Stop)).ReadAsync()).Text("accessToken"));
        return client;
    }
}
