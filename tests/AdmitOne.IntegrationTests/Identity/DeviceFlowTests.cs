using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Web;
using AdmitOne.Identity;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Tenancy;
using Microsoft.IdentityModel.JsonWebTokens;

namespace AdmitOne.IntegrationTests.Identity;

/// <summary>The device flow: a scanner or a command line shows a code, and a person lets it in on a page.</summary>
public sealed class DeviceFlowTests(World world, Chromium chromium) : IClassFixture<World>, IClassFixture<Chromium>
{
    private const string Password = "a good long password";
    private const string DeviceGrant = "urn:ietf:params:oauth:grant-type:device_code";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_device_is_let_in_works_refreshes_and_is_signed_out_like_any_other()
    {
        await AddClientAsync("gate-scanner");
        var id = await PersonAsync("staff@people.example", Roles.VenueStaff);
        var begun = await BeginAsync("gate-scanner");
        Assert.Matches("^[B-Z]{4}-[B-Z]{4}$", begun.Text("user_code"));
        Assert.Equal("authorization_pending", await PollAsync("gate-scanner", begun));

        using var browser = new Browser(world.AuthUrl);
        var path = new Uri(begun.Text("verification_uri_complete")).PathAndQuery;
        using var first = await browser.SendAsync(HttpMethod.Get, path);
        var back = HttpUtility.ParseQueryString(first.Headers.Location!.ToString().Split('?')[1])["returnUrl"];
        using var signedIn = await browser.PostAsync("/sign-in", new { email = "staff@people.example", password = Password, returnUrl = back });
        var page = await browser.GetAsync(signedIn.Headers.Location!.ToString());
        Assert.Contains("Let gate-scanner, the client in?", page, StringComparison.Ordinal);
        // Opening the page, and a form of another site, change nothing.
        var form = new { user_code = Browser.Hidden(page, "user_code"), tenant = Browser.Hidden(page, "tenant") };
        Assert.Equal(HttpStatusCode.Forbidden, (await browser.PostAsync("/device", form, "cross-site")).StatusCode);
        Assert.Equal("authorization_pending", await PollAsync("gate-scanner", begun));
        using var done = await browser.PostAsync("/device", form);
        Assert.Equal("/device/done", done.Headers.Location?.ToString());

        var (status, tokens) = await TokenAsync([("grant_type", DeviceGrant), ("client_id", "gate-scanner"), ("device_code", begun.Text("device_code"))]);
        Assert.True(status == HttpStatusCode.OK, tokens.ToString());
        var access = new JsonWebToken(tokens.Text("access_token"));
        Assert.Equal((id.ToString(), Roles.VenueStaff, world.Tenant.ToString()), (access.Subject, access.GetClaim("role").Value, access.GetClaim("tenant_id").Value));
        Assert.Equal(HttpStatusCode.OK, await CallAsync(tokens.Text("access_token")));
        Assert.Equal("invalid_grant", await PollAsync("gate-scanner", begun));   // once
        Assert.Contains("gate-scanner, the client", await browser.GetAsync("/account"), StringComparison.Ordinal);
        using var again = await browser.PostAsync("/device", form);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, again.StatusCode);

        (status, var next) = await TokenAsync([("grant_type", "refresh_token"), ("client_id", "gate-scanner"), ("refresh_token", tokens.Text("refresh_token"))]);
        Assert.True(status == HttpStatusCode.OK, next.ToString());
        using var out1 = await browser.PostAsync("/account/sign-out-everywhere", new { });
        await World.UntilAsync(async () => await CallAsync(next.Text("access_token")) == HttpStatusCode.Unauthorized, TimeSpan.FromSeconds(60));
        Assert.Equal(HttpStatusCode.BadRequest, (await TokenAsync([("grant_type", "refresh_token"), ("client_id", "gate-scanner"), ("refresh_token", next.Text("refresh_token"))])).Status);
    }

    [Fact]
    public async Task A_device_that_is_refused_gets_nothing_and_an_unknown_code_is_said_to_be_one()
    {
        await AddClientAsync("refused-scanner");
        await PersonAsync("refuser@people.example", Roles.VenueStaff);
        var begun = await BeginAsync("refused-scanner");
        using var browser = await SignedInAsync("refuser@people.example");
        using var unknown = await browser.SendAsync(HttpMethod.Get, "/device?user_code=BBBB-BBBB");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, unknown.StatusCode);
        using var typed = await browser.PostAsync("/device/code", new { code = begun.Text("user_code").ToLowerInvariant().Replace("-", " ", StringComparison.Ordinal) });
        Assert.Equal($"/device?user_code={begun.Text("user_code")}", typed.Headers.Location?.ToString());
        using var short1 = await browser.PostAsync("/device/code", new { code = "BC" });
        Assert.Equal(HttpStatusCode.UnprocessableEntity, short1.StatusCode);
        using var refused = await browser.PostAsync("/device", new { user_code = begun.Text("user_code"), refuse = "yes" });
        Assert.Equal("/device/refused", refused.Headers.Location?.ToString());
        Assert.Equal("access_denied", await PollAsync("refused-scanner", begun));
        using var late = await browser.PostAsync("/device", new { user_code = begun.Text("user_code"), tenant = world.Tenant });
        Assert.NotEqual("/device/done", late.Headers.Location?.ToString());
        Assert.NotEqual("ok", await PollAsync("refused-scanner", begun));
    }

    [Fact]
    public async Task Who_belongs_to_several_organisers_says_for_which_one()
    {
        await AddClientAsync("shared-scanner");
        var id = await PersonAsync("both@people.example", Roles.VenueStaff);
        await world.Sql("insert into identity.memberships (tenant_id, person_id, role) values (@OtherTenant, @id, 'customer')", new { world.OtherTenant, id });
        var begun = await BeginAsync("shared-scanner");
        var page = await chromium.OpenAsync(world.AuthUrl);
        await page.GotoAsync("/sign-in");
        await page.FillAsync("#email", "both@people.example");
        await page.FillAsync("#password", Password);
        await Chromium.GoAsync(page, "Sign in", "/account");
        await page.GotoAsync("/device");
        await Chromium.PictureAsync(page, "device-code");
        await page.FillAsync("#code", begun.Text("user_code"));
        await Chromium.GoAsync(page, "Go on", $"/device?user_code={begun.Text("user_code")}");
        await page.SelectOptionAsync("#tenant", world.OtherTenant.ToString());
        await Chromium.PictureAsync(page, "device");
        await Chromium.GoAsync(page, "Let it in", "/device/done");
        var (_, tokens) = await TokenAsync([("grant_type", DeviceGrant), ("client_id", "shared-scanner"), ("device_code", begun.Text("device_code"))]);
        Assert.Equal(world.OtherTenant.ToString(), new JsonWebToken(tokens.Text("access_token")).GetClaim("tenant_id").Value);
    }

    [Fact]
    public async Task A_client_that_is_no_device_may_not_begin()
    {
        using var platform = world.Client(world.AuthUrl, Roles.Admin, Guid.CreateVersion7(), TenantDirectory.Platform);
        await platform.MakeAsync("/api/v1/admin/clients", new { clientId = "only-shop", name = "Shop", redirectUris = new[] { "https://shop.example/back" } });
        Assert.Equal("validation_failed", await (await platform.PostAsync("/api/v1/admin/clients", new { clientId = "neither", name = "None" })).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        var (status, answer) = await SendAsync("/connect/device", [("client_id", "only-shop"), ("scope", "offline_access")]);
        Assert.Equal((HttpStatusCode.BadRequest, "unauthorized_client"), (status, answer.Text("error")));
    }

    private async Task AddClientAsync(string clientId)
    {
        using var platform = world.Client(world.AuthUrl, Roles.Admin, Guid.CreateVersion7(), TenantDirectory.Platform);
        await platform.MakeAsync("/api/v1/admin/clients", new { clientId, name = $"{clientId}, the client", isDevice = true });
    }

    private async Task<Guid> PersonAsync(string email, string role) =>
        await IdentityService.AddUserAsync(world.IdentityHost, world.Tenant, email, Password, email.Split('@')[0], role, Stop);

    private async Task<Browser> SignedInAsync(string email)
    {
        var browser = new Browser(world.AuthUrl);
        using var signedIn = await browser.PostAsync("/sign-in", new { email, password = Password });
        Assert.Equal(HttpStatusCode.Redirect, signedIn.StatusCode);
        return browser;
    }

    private async Task<JsonElement> BeginAsync(string clientId)
    {
        var (status, begun) = await SendAsync("/connect/device", [("client_id", clientId), ("scope", "offline_access")]);
        Assert.True(status == HttpStatusCode.OK, begun.ToString());
        return begun;
    }

    /// <returns>Why there is no token; "ok" if there is one.</returns>
    private async Task<string> PollAsync(string clientId, JsonElement begun)
    {
        var (status, answer) = await TokenAsync([("grant_type", DeviceGrant), ("client_id", clientId), ("device_code", begun.Text("device_code"))]);
        return status == HttpStatusCode.OK ? "ok" : answer.Text("error");
    }

    private Task<(HttpStatusCode Status, JsonElement Body)> TokenAsync((string Name, string Value)[] form) => SendAsync("/connect/token", form);

    private async Task<(HttpStatusCode Status, JsonElement Body)> SendAsync(string path, (string Name, string Value)[] form)
    {
        using var client = world.Auth();
        using var response = await client.PostAsync(path, new FormUrlEncodedContent(form.Select(field => KeyValuePair.Create(field.Name, field.Value))), Stop);
        return (response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync(Stop)).RootElement);
    }

    private async Task<HttpStatusCode> CallAsync(string token)
    {
        using var client = world.Tickets();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await client.GetAsync("/api/v1/tickets", Stop);
        return response.StatusCode;
    }
}
