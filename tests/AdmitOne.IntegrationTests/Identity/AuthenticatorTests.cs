using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.Identity;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using Microsoft.Playwright;
using OtpNet;

namespace AdmitOne.IntegrationTests.Identity;

/// <summary>Authenticator apps: set up, asked for at every way to sign in, each code good once, recovery codes.</summary>
public sealed class AuthenticatorTests(World world, Chromium chromium) : IClassFixture<World>, IClassFixture<Chromium>
{
    private const string Password = "a good long password";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_app_is_confirmed_by_a_code_asked_for_at_sign_in_and_removed_by_a_code()
    {
        const string email = "tom@people.example";
        using var me = await AccountAsync(email);
        var made = await (await me.PostAsync("/api/v1/me/authenticator", null, Stop)).ReadAsync();
        Assert.StartsWith("otpauth://totp/", made.Text("uri"), StringComparison.Ordinal);
        Assert.Equal("ok", await SignInAsync(email));   // nothing is asked before it is confirmed
        Assert.Equal("authenticator_code_invalid", await (await me.PostAsync("/api/v1/me/authenticator/confirm", new { code = "000000x" })).RefusedAsync(HttpStatusCode.Unauthorized));
        var (first, second) = (Code(made), Code(made, later: 1));
        var confirmed = await (await me.PostAsync("/api/v1/me/authenticator/confirm", new { code = first })).ReadAsync();
        var recovery = confirmed.Items("recoveryCodes").Select(code => code.GetString()!).ToList();
        Assert.Equal(10, recovery.Distinct().Count());

        Assert.Equal("authenticator_code_required", await SignInAsync(email));
        Assert.Equal("login_failed", await SignInAsync(email, password: "not the password"));   // the password comes first
        Assert.Equal("authenticator_code_invalid", await SignInAsync(email, first));   // it has confirmed the app
        Assert.Equal("ok", await SignInAsync(email, second));
        Assert.Equal("authenticator_code_invalid", await SignInAsync(email, second));
        Assert.Equal("authenticator_code_invalid", await SignInAsync(email, Code(made, later: 4)));
        Assert.Equal("ok", await SignInAsync(email, recovery[0].ToUpperInvariant()));
        Assert.Equal("authenticator_code_invalid", await SignInAsync(email, recovery[0]));
        var shown = await me.GetJsonAsync("/api/v1/me/authenticator");
        Assert.Equal((true, 9), (shown.GetProperty("isOn").GetBoolean(), shown.GetProperty("recoveryCodesLeft").GetInt32()));

        Assert.Equal("already_exists", await (await me.PostAsync("/api/v1/me/authenticator", null, Stop)).RefusedAsync(HttpStatusCode.Conflict));
        Assert.Equal("authenticator_code_invalid", await (await me.PostAsync("/api/v1/me/authenticator/remove", new { code = recovery[0] })).RefusedAsync(HttpStatusCode.Unauthorized));
        Assert.Equal(HttpStatusCode.NoContent, (await me.PostAsync("/api/v1/me/authenticator/remove", new { code = recovery[1] })).StatusCode);
        Assert.Equal("ok", await SignInAsync(email));
        Assert.Equal("not_found", await (await me.PostAsync("/api/v1/me/authenticator/remove", new { code = recovery[2] })).RefusedAsync(HttpStatusCode.NotFound));
        Assert.DoesNotContain(made.Text("secret"), await world.Ask<string>("select coalesce(string_agg(a::text, ' '), '') from identity.authenticators a") ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_many_sign_ins_with_one_code_at_the_same_moment_one_is_let_in()
    {
        const string email = "twins@people.example";
        var (made, recovery) = await WithAppAsync(email);
        foreach (var code in new[] { Code(made, later: 1), recovery[0] })
        {
            var said = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => SignInAsync(email, code)));
            Assert.Single(said, "ok");
            Assert.Equal(5, said.Count(answer => answer == "authenticator_code_invalid"));
        }
    }

    [Fact]
    public async Task Codes_cannot_be_guessed_and_recovery_codes_go_on_working()
    {
        const string email = "guessed-app@people.example";
        var (made, recovery) = await WithAppAsync(email);
        var good = int.Parse(Code(made, later: 1), CultureInfo.InvariantCulture);
        for (var i = 1; i <= 10; i++) Assert.Equal("authenticator_code_invalid", await SignInAsync(email, $"{(good + (i * 7)) % 1_000_000:D6}"));
        Assert.Equal("authenticator_code_invalid", await SignInAsync(email, Code(made, later: 1)));
        Assert.Equal("ok", await SignInAsync(email, recovery[0]));
    }

    [Fact]
    public async Task Every_way_to_sign_in_on_the_pages_asks_for_a_code()
    {
        const string email = "paged@people.example";
        var (made, recovery) = await WithAppAsync(email);
        using var browser = new Browser(world.AuthUrl);
        using var first = await browser.PostAsync("/sign-in", new { email, password = Password, returnUrl = "/account?from=here" });
        var page = await first.Content.ReadAsStringAsync(Stop);
        Assert.Contains("Enter a code", page, StringComparison.Ordinal);
        Assert.False(first.Headers.Contains("Set-Cookie"));
        var step = Browser.Hidden(page, "step");
        using var wrong = await browser.PostAsync("/sign-in/second-factor", new { step, code = "000000x" });
        Assert.Equal(HttpStatusCode.UnprocessableEntity, wrong.StatusCode);
        using var right = await browser.PostAsync("/sign-in/second-factor", new { step, code = Code(made, later: 1) });
        Assert.Equal("/account?from=here", right.Headers.Location?.ToString());
        using var again = await browser.PostAsync("/sign-in/second-factor", new { step, code = recovery[0] });
        Assert.Equal(HttpStatusCode.UnprocessableEntity, again.StatusCode);   // the step was finished

        await browser.PostAsync("/sign-in/link", new { email });
        var mail = await browser.MailAsync(email);
        await AsksAsync(await browser.PostAsync("/sign-in/code", new { email, code = mail.Code }));
        await browser.PostAsync("/sign-in/link", new { email });
        await AsksAsync(await browser.PostAsync((await browser.MailAsync(email)).Link, new { }));
        await browser.PostAsync("/reset", new { email });
        await AsksAsync(await browser.PostAsync((await browser.MailAsync(email)).Link, new { password = "another long password" }));
    }

    [Fact]
    public async Task An_invitation_is_accepted_with_the_code_of_the_accounts_app()
    {
        const string email = "invited-with-app@people.example";
        var (_, recovery) = await WithAppAsync(email);
        using var manager = world.Client(world.AuthUrl, Roles.VenueManager, Guid.CreateVersion7());
        await manager.MakeAsync("/api/v1/invitations", new { email, role = Roles.VenueStaff });
        using var browser = new Browser(world.AuthUrl);
        var link = (await browser.MailAsync(email)).Link;
        using var api = world.Auth();
        var key = link.Split('/')[^1];
        Assert.Equal("authenticator_code_required", await (await api.PostAsync("/api/v1/invitations/accept", new { key, password = Password })).RefusedAsync(HttpStatusCode.Unauthorized));
        Assert.Contains("name=\"code\"", await browser.GetAsync(link), StringComparison.Ordinal);
        using var accepted = await browser.PostAsync(link, new { password = Password, code = recovery[0] });
        Assert.Equal("/account", accepted.Headers.Location?.ToString());
    }

    [Fact]
    public async Task A_person_sets_an_app_up_on_the_pages()
    {
        const string email = "by-page@people.example";
        (await AccountAsync(email)).Dispose();
        var page = await chromium.OpenAsync(world.AuthUrl);
        await SignInAsync(page, email);
        await Chromium.GoAsync(page, "Set up an authenticator app", "/account/authenticator");
        await Assertions.Expect(page.Locator("img.code")).ToHaveJSPropertyAsync("complete", true);
        Assert.True(await page.Locator("img.code").EvaluateAsync<bool>("image => image.complete && image.naturalWidth > 100"));
        await Chromium.PictureAsync(page, "authenticator");
        var secret = (await page.Locator(".lines code").InnerTextAsync()).Replace(" ", "", StringComparison.Ordinal);
        await page.FillAsync("#code", Code(secret, 0));
        await Chromium.GoAsync(page, "Confirm", "/account/authenticator/confirm");
        Assert.Equal(10, await page.Locator(".lines code").CountAsync());
        await Chromium.PictureAsync(page, "recovery-codes");
        var recovery = await page.Locator(".lines code").First.InnerTextAsync();
        await page.GotoAsync("/account");
        await Chromium.GoAsync(page, "Sign out everywhere", "/sign-in");
        await page.FillAsync("#email", email);
        await page.FillAsync("#password", Password);
        await Chromium.GoAsync(page, "Sign in", "/sign-in");
        await Chromium.PictureAsync(page, "second-factor");
        await page.FillAsync("#code", recovery);
        await Chromium.GoAsync(page, "Sign in", "/account");
        await Assertions.Expect(page.GetByText("Recovery codes left: 9")).ToBeVisibleAsync();
    }

    private static async Task SignInAsync(IPage page, string email)
    {
        await page.GotoAsync("/sign-in");
        await page.FillAsync("#email", email);
        await page.FillAsync("#password", Password);
        await Chromium.GoAsync(page, "Sign in", "/account");
    }

    private static async Task AsksAsync(HttpResponseMessage response)
    {
        Assert.Contains("Enter a code", await response.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
        Assert.False(response.Headers.Contains("Set-Cookie"));
        response.Dispose();
    }

    private static string Code(JsonElement made, int later = 0) => Code(made.Text("secret"), later);

    /// <param name="later">The code of so many half minutes from now.</param>
    private static string Code(string secret, int later) => new Totp(Base32Encoding.ToBytes(secret)).ComputeTotp(TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(30 * later));

    /// <summary>An account whose app was confirmed by the code of this half minute.</summary>
    private async Task<(JsonElement Made, IReadOnlyList<string> Recovery)> WithAppAsync(string email)
    {
        using var me = await AccountAsync(email);
        var made = await (await me.PostAsync("/api/v1/me/authenticator", null, Stop)).ReadAsync();
        var confirmed = await (await me.PostAsync("/api/v1/me/authenticator/confirm", new { code = Code(made) })).ReadAsync();
        return (made, [.. confirmed.Items("recoveryCodes").Select(code => code.GetString()!)]);
    }

    private async Task<HttpClient> AccountAsync(string email)
    {
        await IdentityService.AddUserAsync(world.IdentityHost, world.Tenant, email, Password, email.Split('@')[0], Roles.Customer, Stop);
        using var api = world.Auth();
        var client = world.Client(world.AuthUrl);
        client.DefaultRequestHeaders.Authorization = new("Bearer", (await (await api.PostAsJsonAsync("/api/v1/token", new { email, password = Password }, Stop)).ReadAsync()).Text("accessToken"));
        return client;
    }

    /// <returns>"ok", or the code of the refusal.</returns>
    private async Task<string> SignInAsync(string email, string? code = null, string password = Password)
    {
        using var api = world.Auth();
        using var answer = await api.PostAsJsonAsync("/api/v1/token", new { email, password, code }, Stop);
        return answer.StatusCode == HttpStatusCode.OK ? "ok" : await answer.RefusedAsync(answer.StatusCode);
    }
}
