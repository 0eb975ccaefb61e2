using System.Net;
using System.Net.Http.Json;
using AdmitOne.Identity;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using Microsoft.IdentityModel.JsonWebTokens;

namespace AdmitOne.IntegrationTests.Identity;

/// <summary>Signing up, confirming an address, new passwords and sessions, by the pages and by the API.</summary>
public sealed class AccountTests(World world) : IClassFixture<World>
{
    private const string Password = "a good long password";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_person_signs_up_confirms_the_address_and_signs_in_by_the_pages()
    {
        using var browser = new Browser(world.AuthUrl);
        const string email = "paula@people.example";
        Assert.Contains("name=\"organiser\"", await browser.GetAsync("/sign-up?organiser=ours"), StringComparison.Ordinal);
        using var made = await browser.PostAsync("/sign-up", new { organiser = "ours", name = "Paula", email, password = Password });
        var page = await made.Content.ReadAsStringAsync(Stop);
        Assert.Equal(HttpStatusCode.OK, made.StatusCode);
        var mail = await browser.MailAsync(email);
        Assert.Matches("^[0-9]{6}$", mail.Code);
        using var confirmed = await browser.PostAsync("/sign-up/code", new { account = Browser.Hidden(page, "account"), email, code = mail.Code });
        Assert.Equal((HttpStatusCode.Redirect, "/account"), (confirmed.StatusCode, confirmed.Headers.Location?.ToString()));
        var account = await browser.GetAsync("/account");
        Assert.Contains("Our Hall: customer", account, StringComparison.Ordinal);
        Assert.Equal("true", await VerifiedAsync(email, Password));

        using var other = new Browser(world.AuthUrl);
        using var wrong = await other.PostAsync("/sign-in", new { email, password = "not the password" });
        Assert.Equal(HttpStatusCode.UnprocessableEntity, wrong.StatusCode);
        using var right = await other.PostAsync("/sign-in", new { email, password = Password, returnUrl = "//evil.example/" });
        Assert.Equal("/account", right.Headers.Location?.ToString());
        Assert.Contains("this device", await other.GetAsync("/account"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_has_a_strict_policy_and_a_form_of_another_site_is_refused()
    {
        using var browser = new Browser(world.AuthUrl);
        using var page = await browser.SendAsync(HttpMethod.Get, "/sign-in");
        Assert.StartsWith("default-src 'none'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("same-origin", page.Headers.GetValues("Referrer-Policy").Single());
        foreach (var site in new[] { "cross-site", "same-site", "" })
        {
            using var refused = await browser.PostAsync("/reset", new { email = "someone@people.example" }, site);
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        }
        Assert.Equal(0, await world.Ask<int>("select count(*)::int from identity.outgoing where recipient = 'someone@people.example'"));
    }

    [Fact]
    public async Task A_stranger_who_signs_up_with_somebodys_address_gets_nothing_even_after_its_owner_uses_the_link()
    {
        const string email = "victor@people.example";
        using var api = world.Auth();
        using var browser = new Browser(world.AuthUrl);
        var (sale, anna) = (await world.PutOnSaleAsync(quantity: 5), Guid.CreateVersion7());
        var offer = (await (await world.OfferAsync(await world.BuyTicketAsync(sale, anna), anna, email)).ReadAsync(HttpStatusCode.Created)).Id();
        await api.MakeAsync("/api/v1/users", new { tenant = "ours", email, password = "the stranger's password", name = "Eve" });
        using var eve = await SignedInAsync(email, "the stranger's password");
        Assert.Empty((await eve.GetJsonAsync("/api/v1/transfers?direction=received")).Items());
        var mail = await browser.MailAsync(email);

        // The owner of the address opens the link of a mail that he did not ask for: the account is his then, by a password of his own.
        using var weak = await browser.PostAsync(mail.Link, new { email, password = "short" });
        Assert.Equal(HttpStatusCode.UnprocessableEntity, weak.StatusCode);
        using var confirmed = await browser.PostAsync(mail.Link, new { email, password = Password });
        Assert.Equal(HttpStatusCode.Redirect, confirmed.StatusCode);
        Assert.Equal("login_failed", await (await api.PostAsync("/api/v1/token", new { email, password = "the stranger's password" })).RefusedAsync(HttpStatusCode.Unauthorized));
        await World.UntilAsync(async () => (await eve.GetAsync("/api/v1/transfers", Stop)).StatusCode == HttpStatusCode.Unauthorized, TimeSpan.FromSeconds(60));
        using var victor = await SignedInAsync(email, Password);
        Assert.Equal(offer, (await victor.GetJsonAsync("/api/v1/transfers?direction=received")).Items().Single().Id());
        using var again = await browser.PostAsync(mail.Link, new { email, password = "another long password" });
        Assert.Equal(HttpStatusCode.NotFound, again.StatusCode);
    }

    [Fact]
    public async Task A_mail_scanner_that_opens_every_link_changes_nothing()
    {
        using var browser = new Browser(world.AuthUrl);
        using var api = world.Auth();
        const string email = "scanned@people.example";
        await api.MakeAsync("/api/v1/users", new { tenant = "ours", email, password = Password, name = "Scanned" });
        var verify = (await browser.MailAsync(email)).Link;
        await IdentityOf("owner-of-team@people.example", Roles.VenueManager);
        using var manager = await SignedInAsync("owner-of-team@people.example", Password, world.AuthUrl);
        await manager.MakeAsync("/api/v1/invitations", new { email = "invited@people.example", role = Roles.VenueStaff });
        var invitation = (await browser.MailAsync("invited@people.example")).Link;
        await IdentityOf("resetting@people.example", Roles.Customer);
        await api.PostAsync("/api/v1/password-resets", new { email = "resetting@people.example" });
        var reset = (await browser.MailAsync("resetting@people.example")).Link;
        using var asked = await browser.PostAsync("/sign-in/link", new { email = "owner-of-team@people.example" });
        var signIn = (await browser.MailAsync("owner-of-team@people.example")).Link;

        var before = await StateAsync();
        foreach (var link in new[] { verify, invitation, reset, signIn })
            foreach (var method in new[] { HttpMethod.Get, HttpMethod.Head, HttpMethod.Get })
            {
                using var opened = await browser.SendAsync(method, link);
                Assert.Equal(HttpStatusCode.OK, opened.StatusCode);
                Assert.False(opened.Headers.Contains("Set-Cookie"));
            }
        Assert.Equal(before, await StateAsync());
        // Each works afterwards.
        Assert.Equal(HttpStatusCode.Redirect, (await browser.PostAsync(signIn, new { })).StatusCode);
        Assert.Equal(HttpStatusCode.Redirect, (await browser.PostAsync(reset, new { password = "a new long password" })).StatusCode);
        Assert.Equal(HttpStatusCode.Redirect, (await browser.PostAsync(verify, new { password = Password })).StatusCode);
        Assert.Equal(HttpStatusCode.Redirect, (await browser.PostAsync(invitation, new { name = "Ina", password = Password })).StatusCode);
    }

    [Fact]
    public async Task A_new_password_by_code_signs_out_everywhere_and_nothing_tells_whether_an_address_is_known()
    {
        const string email = "forgetful@people.example";
        await IdentityOf(email, Roles.Customer);
        using var api = world.Auth();
        using var browser = new Browser(world.AuthUrl);
        using var before = await SignedInAsync(email, Password);
        var bodies = new List<string>();
        foreach (var address in new[] { email, "unknown-one@people.example" })
        {
            using var answer = await api.PostAsync("/api/v1/password-resets", new { email = address });
            Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
            bodies.Add(await answer.Content.ReadAsStringAsync(Stop));
        }
        Assert.Single(bodies.Distinct());
        var code = (await browser.MailAsync(email)).Code;
        using var common = await api.PostAsync("/api/v1/password-resets/confirm", new { email, code, password = "Password1234" });
        Assert.Equal("validation_failed", await common.RefusedAsync(HttpStatusCode.UnprocessableEntity));
        using var changed = await api.PostAsync("/api/v1/password-resets/confirm", new { email, code, password = "a new long password" });
        Assert.Equal(HttpStatusCode.NoContent, changed.StatusCode);
        await World.UntilAsync(async () => (await before.GetAsync("/api/v1/tickets", Stop)).StatusCode == HttpStatusCode.Unauthorized, TimeSpan.FromSeconds(60));
        Assert.Equal("login_failed", await (await api.PostAsync("/api/v1/token", new { email, password = Password })).RefusedAsync(HttpStatusCode.Unauthorized));
        (await SignedInAsync(email, "a new long password")).Dispose();
    }

    [Fact]
    public async Task Codes_cannot_be_guessed_and_the_link_goes_on_working()
    {
        const string email = "guessed-code@people.example";
        using var api = world.Auth();
        using var browser = new Browser(world.AuthUrl);
        await api.MakeAsync("/api/v1/users", new { tenant = "ours", email, password = Password, name = "Gus" });
        var mail = await browser.MailAsync(email);
        var wrong = (int.Parse(mail.Code, System.Globalization.CultureInfo.InvariantCulture) + 1) % 1_000_000;
        await Task.WhenAll(Enumerable.Range(0, 12).Select(n => api.PostAsync("/api/v1/users/verify", new { email, code = $"{(wrong + n) % 1_000_000:D6}" })));
        Assert.Equal("code_invalid", await (await api.PostAsync("/api/v1/users/verify", new { email, code = mail.Code })).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        Assert.Equal(HttpStatusCode.Redirect, (await browser.PostAsync(mail.Link, new { password = Password })).StatusCode);
        Assert.Equal("true", await VerifiedAsync(email, Password));
    }

    [Fact]
    public async Task One_device_or_all_of_them_are_signed_out_within_a_minute()
    {
        const string email = "many-devices@people.example";
        await IdentityOf(email, Roles.Customer);
        using var phone = await SignedInAsync(email, Password);
        using var laptop = await SignedInAsync(email, Password);
        using var me = await SignedInAsync(email, Password, world.AuthUrl);
        using var browser = new Browser(world.AuthUrl);
        using var signedIn = await browser.PostAsync("/sign-in", new { email, password = Password });
        var sessions = (await me.GetJsonAsync("/api/v1/me/sessions")).Items();
        Assert.Equal(["browser", "token", "token", "token"], sessions.Select(s => s.Text("kind")));
        Assert.Equal(HttpStatusCode.NoContent, (await me.DeleteAsync($"/api/v1/me/sessions/{sessions[3].Id()}", Stop)).StatusCode);   // the oldest: the phone
        await World.UntilAsync(async () => (await phone.GetAsync("/api/v1/tickets", Stop)).StatusCode == HttpStatusCode.Unauthorized, TimeSpan.FromSeconds(60));
        Assert.Equal(HttpStatusCode.OK, (await laptop.GetAsync("/api/v1/tickets", Stop)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await me.PostAsync("/api/v1/me/sign-out-everywhere", null, Stop)).StatusCode);
        await World.UntilAsync(async () => (await laptop.GetAsync("/api/v1/tickets", Stop)).StatusCode == HttpStatusCode.Unauthorized, TimeSpan.FromSeconds(60));
        using var account = await browser.SendAsync(HttpMethod.Get, "/account");
        Assert.Equal("/sign-in?returnUrl=%2Faccount", account.Headers.Location?.ToString());
    }

    [Fact]
    public async Task One_person_is_a_customer_of_many_organisers_and_says_for_which_a_token_is()
    {
        const string email = "two-organisers@people.example";
        var id = await IdentityOf(email, Roles.Customer);
        using var api = world.Auth();
        var there = await TokenAsync(new { email, password = Password, tenant = "theirs" });
        Assert.Equal((id.ToString(), world.OtherTenant.ToString(), "customer"), (there.Subject, there.GetClaim("tenant_id").Value, there.GetClaim("role").Value));
        var which = await (await api.PostAsync("/api/v1/token", new { email, password = Password })).ReadAsync(HttpStatusCode.UnprocessableEntity);
        Assert.Equal("/tenant", which.Items("errors").Single().Text("pointer"));
        Assert.Equal(world.Tenant.ToString(), (await TokenAsync(new { email, password = Password, tenant = world.Tenant })).GetClaim("tenant_id").Value);
        using var unknown = await api.PostAsync("/api/v1/token", new { email, password = Password, tenant = "no-such" });
        Assert.Equal("validation_failed", await unknown.RefusedAsync(HttpStatusCode.UnprocessableEntity));
    }

    [Fact]
    public async Task An_account_that_is_closed_is_gone_and_its_address_is_free()
    {
        const string email = "closing@people.example";
        await IdentityOf(email, Roles.Customer);
        using var me = await SignedInAsync(email, Password, world.AuthUrl);
        Assert.Equal("login_failed", await (await me.PostAsync("/api/v1/me/close", new { password = "not the password" })).RefusedAsync(HttpStatusCode.Unauthorized));
        Assert.Equal(HttpStatusCode.NoContent, (await me.PostAsync("/api/v1/me/close", new { password = Password })).StatusCode);
        using var api = world.Auth();
        Assert.Equal("login_failed", await (await api.PostAsync("/api/v1/token", new { email, password = Password })).RefusedAsync(HttpStatusCode.Unauthorized));
        Assert.Equal(0, await world.Ask<int>("select count(*)::int from identity.people where email = @email", new { email }));
    }

    private async Task<string> StateAsync() => await world.Ask<string>("""
        select concat_ws('|', (select string_agg(id::text || email_confirmed || coalesce(password_hash, ''), ',' order by id) from identity.people),
            (select string_agg(tenant_id::text || person_id || role, ',' order by tenant_id, person_id) from identity.memberships),
            (select string_agg(id::text || coalesce(used_at::text, ''), ',' order by id) from identity.mail_codes),
            (select string_agg(id::text || coalesce(accepted_at::text, ''), ',' order by id) from identity.invitations), (select count(*) from identity.sessions))
        """) ?? "";

    private async Task<Guid> IdentityOf(string email, string role) =>
        await IdentityService.AddUserAsync(world.IdentityHost, world.Tenant, email, Password, email.Split('@')[0], role, Stop);

    private async Task<string> VerifiedAsync(string email, string password) => (await TokenAsync(new { email, password })).GetClaim("email_verified").Value;

    private async Task<JsonWebToken> TokenAsync(object credentials)
    {
        using var api = world.Auth();
        return new JsonWebToken((await (await api.PostAsJsonAsync("/api/v1/token", credentials, Stop)).ReadAsync()).Text("accessToken"));
    }

    private async Task<HttpClient> SignedInAsync(string email, string password, Uri? service = null)
    {
        var client = world.Client(service ?? world.TicketsUrl);
        client.DefaultRequestHeaders.Authorization = new("Bearer", (await TokenAsync(new { email, password })).EncodedToken);
        return client;
    }
}
