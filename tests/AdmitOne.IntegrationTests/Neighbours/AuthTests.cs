using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.Identity;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.IdentityModel.JsonWebTokens;

namespace AdmitOne.IntegrationTests.Neighbours;

public sealed class AuthTests(World world) : IClassFixture<World>
{
    private const string Password = "a good long password";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Someone_who_signs_up_logs_in_with_a_token_that_both_services_accept()
    {
        using var auth = world.Auth();
        var made = await auth.MakeAsync("/api/v1/users", new { tenant = "ours", email = "Cleo@People.Example", password = Password, name = "Cleo" });
        Assert.Equal((world.Tenant, "cleo@people.example", "Cleo", "customer"), (made.Id("tenantId"), made.Text("email"), made.Text("name"), made.Text("role")));

        var answer = await LogInAsync(auth, "cleo@people.example", Password);
        Assert.Equal(("Bearer", 3600), (answer.Text("tokenType"), answer.Number("expiresIn")));
        var token = new JsonWebToken(answer.Text("accessToken"));
        Assert.Equal(("admitone-auth", "admitone", made.Text("id"), "HS256"), (token.Issuer, token.Audiences.Single(), token.Subject, token.Alg));
        Assert.Equal((world.Tenant.ToString(), "customer", "cleo@people.example", "Cleo"),
            (token.GetClaim("tenant_id").Value, token.GetClaim("role").Value, token.GetClaim("email").Value, token.GetClaim("name").Value));
        Assert.Equal(3600, (token.ValidTo - token.IssuedAt).TotalSeconds);
        Assert.NotEmpty(token.Id);
        Assert.Equal("false", token.GetClaim("email_verified").Value);   // no code was posted

        foreach (var service in new[] { world.EventsUrl, world.TicketsUrl })
        {
            using var client = world.Client(service);
            client.DefaultRequestHeaders.Authorization = new("Bearer", answer.Text("accessToken"));
            using var refused = await client.GetAsync("/health/detailed", Cancellation);
            Assert.Equal("role_required", await refused.RefusedAsync(HttpStatusCode.Forbidden));   // known, and no operator
        }
    }

    [Fact]
    public async Task An_address_is_proved_by_the_code_that_was_written_to_it()
    {
        using var auth = world.Auth();
        var made = await auth.MakeAsync("/api/v1/users", new { tenant = "ours", email = "Vera@people.example", password = Password, name = "Vera" });
        Assert.False(made.GetProperty("emailVerified").GetBoolean());
        var code = await CodeAsync(auth, "vera@people.example");
        foreach (var (email, wrong) in new[] { ("vera@people.example", "ABCDEFGHJK"), ("nobody@people.example", code) })
        {
            using var refused = await auth.PostAsync("/api/v1/users/verify", new { email, code = wrong });
            Assert.Equal("code_invalid", await refused.RefusedAsync(HttpStatusCode.UnprocessableEntity));
        }
        var verified = await (await auth.PostAsync("/api/v1/users/verify", new { email = " VERA@people.example", code = code.ToLowerInvariant() })).ReadAsync();
        Assert.Equal((made.Id(), true), (verified.Id(), verified.GetProperty("emailVerified").GetBoolean()));
        Assert.Equal("true", new JsonWebToken((await LogInAsync(auth, "vera@people.example", Password)).Text("accessToken")).GetClaim("email_verified").Value);
        using var again = await auth.PostAsync("/api/v1/users/verify", new { email = "vera@people.example", code });
        Assert.Equal("code_invalid", await again.RefusedAsync(HttpStatusCode.UnprocessableEntity));
    }

    [Fact]
    public async Task Signing_up_never_tells_whether_an_address_is_known_at_this_organiser_or_another()
    {
        using var auth = world.Auth();
        const string known = "known-to-us@people.example";
        var owner = await auth.MakeAsync("/api/v1/users", new { tenant = world.Tenant, email = known, password = Password, name = "One" });
        await (await auth.PostAsync("/api/v1/users/verify", new { email = known, code = await CodeAsync(auth, known) })).ReadAsync();

        var shapes = new HashSet<string>();
        foreach (var (tenant, email) in new[] { ("ours", known), ("theirs", known.ToUpperInvariant()), ("ours", "unknown-to-us@people.example"), ("theirs", "not-known-either@people.example") })
        {
            const string guessed = "another long password";
            var answer = await auth.MakeAsync("/api/v1/users", new { tenant, email, password = guessed, name = "Eve" });
            shapes.Add(string.Join(',', answer.EnumerateObject().Select(member => member.Name)) + answer.GetProperty("emailVerified"));
            Assert.NotEqual(owner.Id(), answer.Id());
            if (tenant == "theirs" && email != "not-known-either@people.example") continue;   // of unproved accounts the oldest is asked
            // Not even signing in tells: it is an account of one's own, whose address nobody has proved.
            var token = new JsonWebToken((await LogInAsync(auth, email, guessed)).Text("accessToken"));
            Assert.Equal((answer.Id().ToString(), "false"), (token.Subject, token.GetClaim("email_verified").Value));
        }
        Assert.Single(shapes);
        Assert.Equal(owner.Id().ToString(), new JsonWebToken((await LogInAsync(auth, known, Password)).Text("accessToken")).Subject);
        // Whoever has the code reads the address's mail, and may be told.
        using var second = await auth.PostAsync("/api/v1/users/verify", new { email = known, code = await CodeAsync(auth, known) });
        Assert.Equal("already_exists", await second.RefusedAsync(HttpStatusCode.Conflict));
    }

    [Fact]
    public async Task A_ticket_offered_to_an_address_is_not_taken_by_signing_up_with_it()
    {
        using var auth = world.Auth();
        var (sale, anna) = (await world.PutOnSaleAsync(quantity: 5), Guid.CreateVersion7());
        const string address = "a-friend-of-mine@people.example";
        var ticket = await world.BuyTicketAsync(sale, anna);
        var offer = (await (await world.OfferAsync(ticket, anna, address)).ReadAsync(HttpStatusCode.Created)).Id();

        await auth.MakeAsync("/api/v1/users", new { tenant = "ours", email = address, password = "the first to sign up", name = "Eve" });
        using var eve = await SignedInAsync(auth, address, "the first to sign up");
        Assert.Equal("not_owner", await (await eve.PostAsync($"/api/v1/transfers/{offer}/accept", null, Cancellation)).RefusedAsync(HttpStatusCode.Forbidden));
        Assert.Empty((await eve.GetJsonAsync("/api/v1/transfers?direction=received")).Items());

        // Whoever reads the mail signs up as if Eve had not, and proves it.
        await auth.MakeAsync("/api/v1/users", new { tenant = "ours", email = address, password = Password, name = "Ben" });
        await (await auth.PostAsync("/api/v1/users/verify", new { email = address, code = await CodeAsync(auth, address) })).ReadAsync();
        using var ben = await SignedInAsync(auth, address, Password);
        Assert.Equal(offer, (await ben.GetJsonAsync("/api/v1/transfers?direction=received")).Items().Single().Id());
        Assert.Equal("accepted", (await (await ben.PostAsync($"/api/v1/transfers/{offer}/accept", null, Cancellation)).ReadAsync()).Text("status"));
    }

    [Fact]
    public async Task In_production_no_route_shows_mail()
    {
        var production = new Dictionary<string, string?>(world.IdentitySettings) { ["ENVIRONMENT"] = "production" };
        // Put together and not started: in production the database must speak TLS.
        await using var host = IdentityService.Build(new ConfigurationBuilder().AddInMemoryCollection(production).Build());
        var routes = ((IEndpointRouteBuilder)host).DataSources.SelectMany(source => source.Endpoints)
            .OfType<RouteEndpoint>().Select(route => route.RoutePattern.RawText!).ToList();
        Assert.Contains("/api/v1/token", routes);
        Assert.DoesNotContain(routes, route => route.StartsWith("/dev/", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("nobody", "a@people.example", Password, "A", "/tenant")]
    [InlineData("ours", "no address", Password, "A", "/email")]
    [InlineData("ours", "b@people.example", "eleven long", "A", "/password")]
    [InlineData("ours", "b@people.example", "              ", "A", "/password")]
    [InlineData("ours", "b@people.example", "\u00a0\u2003\u200b\u00a0\u2003\u200b\u00a0\u2003\u200b\u00a0\u2003\u200b", "A", "/password")]
    [InlineData("ours", "b@people.example", "B@People.example", "A", "/password")]
    [InlineData("ours", "b@people.example\u200b", Password, "A", "/email")]
    [InlineData("ours", "c@people.example", Password, "", "/name")]
    public async Task A_sign_up_that_breaks_a_rule_says_where(string tenant, string email, string password, string name, string pointer)
    {
        using var auth = world.Auth();
        using var answer = await auth.PostAsync("/api/v1/users", new { tenant, email, password, name });
        var problem = await answer.ReadAsync(HttpStatusCode.UnprocessableEntity);
        Assert.Equal("validation_failed", problem.Text("code"));
        Assert.Equal(pointer, problem.Items("errors").Single().Text("pointer"));
    }

    [Fact]
    public async Task An_unknown_address_and_a_wrong_password_get_the_same_answer_in_the_same_time()
    {
        using var auth = world.Auth();
        await auth.MakeAsync("/api/v1/users", new { tenant = "ours", email = "known@people.example", password = Password, name = "Known" });
        var (known, unknown) = (new List<double>(), new List<double>());
        string? first = null;
        for (var round = 0; round < 6 || (round < 60 && unknown.Min() / known.Min() is < 0.4 or > 2.5); round++)
        {
            foreach (var (email, times) in new[] { ("known@people.example", known), ("unknown@people.example", unknown) })
            {
                var since = Stopwatch.GetTimestamp();
                using var answer = await auth.PostAsync("/api/v1/token", new { email, password = "not the password" });
                times.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
                Assert.Equal("login_failed", await answer.RefusedAsync(HttpStatusCode.Unauthorized));
                var problem = await answer.ReadAsync(HttpStatusCode.Unauthorized);
                first ??= problem.Text("detail");
                Assert.Equal(first, problem.Text("detail"));
            }
        }
        // The fastest of each, of more rounds on a busy machine: what is shared with other tests only ever adds. Without the work done for nobody it is a tenth or less.
        Assert.InRange(unknown.Min() / known.Min(), 0.4, 2.5);
    }

    [Fact]
    public async Task Accounts_survive_a_restart_and_one_that_is_added_twice_stays_as_it_was()
    {
        var first = await world.StartAsync(configuration => IdentityService.Build(configuration), world.IdentitySettings);
        var id = await IdentityService.AddUserAsync(first, world.Tenant, "Mara@people.example", Password, "Mara", Roles.VenueManager, Cancellation);
        await first.StopAsync(Cancellation);

        var second = await world.StartAsync(configuration => IdentityService.Build(configuration), world.IdentitySettings);
        Assert.Equal(id, await IdentityService.AddUserAsync(second, world.OtherTenant, "mara@people.example", "another password", "X", Roles.Admin, Cancellation));
        using var auth = world.Client(World.Address(second));
        var token = new JsonWebToken((await LogInAsync(auth, "mara@people.example", Password)).Text("accessToken"));
        Assert.Equal((id.ToString(), Roles.VenueManager), (token.Subject, token.GetClaim("role").Value));
    }

    private static async Task<string> CodeAsync(HttpClient auth, string address)
    {
        using var answer = await auth.GetAsync($"/dev/mail?to={Uri.EscapeDataString(address)}", Cancellation);
        return (await answer.ReadAsync()).Items()[0].Text("text").Split(' ')[0];
    }

    private async Task<HttpClient> SignedInAsync(HttpClient auth, string email, string password)
    {
        var client = world.Tickets();
        client.DefaultRequestHeaders.Authorization = new("Bearer", (await LogInAsync(auth, email, password)).Text("accessToken"));
        return client;
    }

    private static async Task<JsonElement> LogInAsync(HttpClient auth, string email, string password)
    {
        using var answer = await auth.PostAsJsonAsync("/api/v1/token", new { email, password }, Cancellation);
        return await answer.ReadAsync();
    }
}
