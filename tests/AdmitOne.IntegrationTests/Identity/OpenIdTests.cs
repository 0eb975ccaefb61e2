using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Web;
using AdmitOne.Identity;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Tenancy;
using Microsoft.IdentityModel.JsonWebTokens;

namespace AdmitOne.IntegrationTests.Identity;

/// <summary>OpenID Connect: authorization code with PKCE, refresh tokens that rotate, revocation, and client credentials.</summary>
public sealed class OpenIdTests(World world) : IClassFixture<World>
{
    private const string Password = "a good long password";
    private const string Back = "https://shop.example/back";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_client_gets_a_code_and_tokens_that_rotate_and_end_when_one_is_revoked()
    {
        using var platform = world.Client(world.AuthUrl, Roles.Admin, Guid.CreateVersion7(), TenantDirectory.Platform);
        await platform.MakeAsync("/api/v1/admin/clients", new { clientId = "shop", name = "Shop", redirectUris = new[] { Back } });
        const string email = "oidc@people.example";
        var id = await IdentityService.AddUserAsync(world.IdentityHost, world.Tenant, email, Password, "Olga", Roles.Customer, Stop);
        using var browser = new Browser(world.AuthUrl);
        var verifier = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var challenge = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));
        var authorize = $"/connect/authorize?client_id=shop&response_type=code&redirect_uri={Uri.EscapeDataString(Back)}&scope=openid%20email%20offline_access&state=abc&code_challenge_method=S256&code_challenge={challenge}";

        // Nobody is signed in: first the page, then back.
        using var first = await browser.SendAsync(HttpMethod.Get, authorize);
        Assert.StartsWith("/sign-in?returnUrl=", first.Headers.Location?.ToString(), StringComparison.Ordinal);
        using var signedIn = await browser.PostAsync("/sign-in", new { email, password = Password, returnUrl = HttpUtility.ParseQueryString(first.Headers.Location!.ToString().Split('?')[1])["returnUrl"] });
        using var granted = await browser.SendAsync(HttpMethod.Get, signedIn.Headers.Location!.ToString());
        Assert.StartsWith(Back + "?", granted.Headers.Location?.ToString(), StringComparison.Ordinal);
        var answer = HttpUtility.ParseQueryString(granted.Headers.Location!.Query);
        Assert.Equal("abc", answer["state"]);

        (string, string)[] exchange = [("grant_type", "authorization_code"), ("client_id", "shop"), ("code", answer["code"]!), ("redirect_uri", Back)];
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync("/connect/token", [.. exchange, ("code_verifier", new string('x', 43))])).Status);
        var (status, tokens) = await SendAsync("/connect/token", [.. exchange, ("code_verifier", verifier)]);
        Assert.True(status == HttpStatusCode.OK, tokens.ToString());
        var access = new JsonWebToken(tokens.Text("access_token"));
        Assert.Equal((id.ToString(), world.Tenant.ToString(), "customer", "true"), (access.Subject, access.GetClaim("tenant_id").Value, access.GetClaim("role").Value, access.GetClaim("email_verified").Value));
        Assert.Equal(600, (access.ValidTo - access.IssuedAt).TotalSeconds, 1.0);
        Assert.Equal(HttpStatusCode.OK, await CallAsync(tokens.Text("access_token")));
        // A code is good once.
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync("/connect/token", [.. exchange, ("code_verifier", verifier)])).Status);
    }

    [Fact]
    public async Task A_refresh_token_rotates_says_the_role_of_now_and_ends_with_its_device()
    {
        using var platform = world.Client(world.AuthUrl, Roles.Admin, Guid.CreateVersion7(), TenantDirectory.Platform);
        await platform.MakeAsync("/api/v1/admin/clients", new { clientId = "app", name = "App", redirectUris = new[] { Back } });
        const string email = "refreshing@people.example";
        var id = await IdentityService.AddUserAsync(world.IdentityHost, world.Tenant, email, Password, "Rita", Roles.Customer, Stop);
        var tokens = await SignInAsync("app", email);
        await world.Sql("update identity.memberships set role = 'venue_staff' where person_id = @id", new { id });
        var (status, next) = await RefreshAsync("app", tokens);
        Assert.True(status == HttpStatusCode.OK, next.ToString());
        Assert.NotEqual(tokens.Text("refresh_token"), next.Text("refresh_token"));
        Assert.Equal("venue_staff", new JsonWebToken(next.Text("access_token")).GetClaim("role").Value);

        // The client revokes: the device is out, with its access token.
        Assert.Equal(HttpStatusCode.OK, (await SendAsync("/connect/revocation", [("client_id", "app"), ("token", next.Text("refresh_token"))])).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await RefreshAsync("app", next)).Status);
        await World.UntilAsync(async () => await CallAsync(next.Text("access_token")) == HttpStatusCode.Unauthorized, TimeSpan.FromSeconds(60));

        // And so does the person, everywhere.
        var again = await SignInAsync("app", email);
        using var me = world.Client(world.AuthUrl);
        me.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", again.Text("access_token"));
        Assert.Equal(HttpStatusCode.NoContent, (await me.PostAsync("/api/v1/me/sign-out-everywhere", null, Stop)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await RefreshAsync("app", again)).Status);
        await World.UntilAsync(async () => await CallAsync(again.Text("access_token")) == HttpStatusCode.Unauthorized, TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task An_organisers_own_program_gets_tokens_until_it_is_removed()
    {
        using var manager = world.Client(world.AuthUrl, Roles.VenueManager, Guid.CreateVersion7());
        var program = await manager.MakeAsync("/api/v1/programs", new { name = "Ledger", role = Roles.VenueStaff });
        Assert.Equal("above_own_role", await (await manager.PostAsync("/api/v1/programs", new { name = "Root", role = Roles.Admin })).RefusedAsync(HttpStatusCode.Forbidden));
        (string, string)[] credentials = [("grant_type", "client_credentials"), ("client_id", program.Text("clientId")), ("client_secret", program.Text("secret"))];
        var (status, tokens) = await SendAsync("/connect/token", credentials);
        Assert.True(status == HttpStatusCode.OK, tokens.ToString());
        var access = new JsonWebToken(tokens.Text("access_token"));
        Assert.Equal((program.Text("id"), Roles.VenueStaff, "false"), (access.Subject, access.GetClaim("role").Value, access.GetClaim("email_verified").Value));
        Assert.Equal(HttpStatusCode.OK, await CallAsync(tokens.Text("access_token")));
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync("/connect/token", [.. credentials[..2], ("client_secret", "wrong")])).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await manager.DeleteAsync($"/api/v1/programs/{program.Id()}", Stop)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync("/connect/token", credentials)).Status);
        await World.UntilAsync(async () => await CallAsync(tokens.Text("access_token")) == HttpStatusCode.Unauthorized, TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task A_redirect_that_was_not_registered_and_a_request_without_a_challenge_are_refused()
    {
        using var platform = world.Client(world.AuthUrl, Roles.Admin, Guid.CreateVersion7(), TenantDirectory.Platform);
        await platform.MakeAsync("/api/v1/admin/clients", new { clientId = "strict", name = "Strict", redirectUris = new[] { Back } });
        using var browser = new Browser(world.AuthUrl);
        foreach (var query in new[]
        {
            $"client_id=strict&response_type=code&redirect_uri={Uri.EscapeDataString("https://evil.example/")}&code_challenge=abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq&code_challenge_method=S256",
            $"client_id=unknown&response_type=code&redirect_uri={Uri.EscapeDataString(Back)}",
        })
        {
            using var refused = await browser.SendAsync(HttpMethod.Get, "/connect/authorize?" + query);
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        }
        using var unproved = await browser.SendAsync(HttpMethod.Get, $"/connect/authorize?client_id=strict&response_type=code&redirect_uri={Uri.EscapeDataString(Back)}");
        Assert.True(unproved.Headers.Location?.Query.Contains("error=invalid_request", StringComparison.Ordinal) == true || unproved.StatusCode == HttpStatusCode.BadRequest);
    }

    private async Task<JsonElement> SignInAsync(string client, string email)
    {
        using var browser = new Browser(world.AuthUrl);
        await browser.PostAsync("/sign-in", new { email, password = Password });
        var verifier = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var challenge = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));
        using var granted = await browser.SendAsync(HttpMethod.Get,
            $"/connect/authorize?client_id={client}&response_type=code&redirect_uri={Uri.EscapeDataString(Back)}&scope=openid%20offline_access&code_challenge_method=S256&code_challenge={challenge}");
        var code = HttpUtility.ParseQueryString(granted.Headers.Location!.Query)["code"]!;
        var (status, tokens) = await SendAsync("/connect/token", [("grant_type", "authorization_code"), ("client_id", client), ("code", code), ("redirect_uri", Back), ("code_verifier", verifier)]);
        Assert.True(status == HttpStatusCode.OK, tokens.ToString());
        return tokens;
    }

    private Task<(HttpStatusCode Status, JsonElement Body)> RefreshAsync(string client, JsonElement tokens) =>
        SendAsync("/connect/token", [("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", tokens.Text("refresh_token"))]);

    private async Task<(HttpStatusCode Status, JsonElement Body)> SendAsync(string path, (string Name, string Value)[] form)
    {
        using var client = world.Auth();
        using var response = await client.PostAsync(path, new FormUrlEncodedContent(form.Select(field => KeyValuePair.Create(field.Name, field.Value))), Stop);
        var text = await response.Content.ReadAsStringAsync(Stop);
        return (response.StatusCode, text.Length > 0 ? JsonDocument.Parse(text).RootElement : default);
    }

    private async Task<HttpStatusCode> CallAsync(string token)
    {
        using var client = world.Tickets();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await client.GetAsync("/api/v1/tickets", Stop);
        return response.StatusCode;
    }
}
