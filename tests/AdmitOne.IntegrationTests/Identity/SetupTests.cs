using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Tenancy;
using Microsoft.IdentityModel.JsonWebTokens;

namespace AdmitOne.IntegrationTests.Identity;

/// <summary>From nothing to an organiser that sells, by <c>admitone setup</c> and for a platform by its route.</summary>
public sealed class SetupTests(World world) : IClassFixture<World>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Setup_makes_an_organiser_that_smoke_can_sell_for_and_changes_nothing_the_second_time()
    {
        var first = await SetUpAsync("--organiser-name", "Harbour Hall", "--slug", "harbour", "--manager-email", "hanna@harbour.example", "--venue-name", "Harbour Hall", "--capacity", "900",
            "--time-zone", "Europe/Berlin", "--currency", "EUR", "--legal-name", "Harbour GmbH", "--tax-number", "DE123");
        Assert.Equal((0, ""), (first.ExitCode, first.Errors));
        var made = JsonDocument.Parse(Assert.Single(first.Lines)).RootElement;
        Assert.Equal(["tenantId", "slug", "venueId", "managerLink"], made.EnumerateObject().Select(member => member.Name));
        Assert.Equal("Harbour GmbH EUR", await world.Ask<string>("select legal_name || ' ' || currency from platform.tenants where slug = 'harbour'"));

        // The manager chooses a password by the link and manages.
        using var browser = new Browser(world.AuthUrl);
        Assert.Equal(new Uri(made.Text("managerLink")).AbsolutePath, (await browser.MailAsync("hanna@harbour.example")).Link);
        Assert.Equal(HttpStatusCode.Redirect, (await browser.PostAsync(new Uri(made.Text("managerLink")).AbsolutePath, new { password = "a good long password" })).StatusCode);
        using var api = world.Auth();
        var token = (await (await api.PostAsJsonAsync("/api/v1/token", new { email = "hanna@harbour.example", password = "a good long password" }, Stop)).ReadAsync()).Text("accessToken");
        Assert.Equal(made.Text("tenantId"), new JsonWebToken(token).GetClaim("tenant_id").Value);
        using var venues = world.Client(world.VenuesUrl);
        Assert.Equal("Harbour Hall", (await venues.GetJsonAsync($"/api/v1/venues/{made.Text("venueId")}")).Text("name"));

        var before = await CountAsync();
        var second = await SetUpAsync("--organiser-name", "Another", "--slug", "harbour", "--manager-email", "eve@people.example", "--manager-password", "the stranger's own", "--venue-name", "Other",
            "--capacity", "1", "--time-zone", "Europe/Berlin", "--currency", "EUR");
        Assert.Equal(0, second.ExitCode);
        var again = JsonDocument.Parse(Assert.Single(second.Lines)).RootElement;
        Assert.Equal((made.Text("tenantId"), made.Text("venueId"), JsonValueKind.Null), (again.Text("tenantId"), again.Text("venueId"), again.GetProperty("managerLink").ValueKind));
        Assert.Contains("nothing was changed", second.Errors, StringComparison.Ordinal);
        Assert.Equal(before, await CountAsync());

        var smoke = await CommandRun.StartAsync([("JWT_SECRET", world.TicketsSettings["JWT_SECRET"]), ("SMOKE_TENANT_ID", made.Text("tenantId")), ("SMOKE_VENUE_ID", made.Text("venueId"))],
            "smoke", "--events", world.EventsUrl.ToString(), "--tickets", world.TicketsUrl.ToString());
        Assert.True(smoke.ExitCode == 0, smoke.Output + smoke.Errors);
    }

    [Fact]
    public async Task What_is_missing_or_wrong_is_one_line_and_makes_nothing()
    {
        var missing = await SetUpAsync("--organiser-name", "Half Hall");
        Assert.Equal((1, "admitone: say --slug"), (missing.ExitCode, missing.Errors.Trim()));
        foreach (var (slug, email, zone) in new[] { ("Not A Slug", "a@people.example", "Europe/Berlin"), ("half", "no address", "Europe/Berlin") })
        {
            var wrong = await SetUpAsync("--organiser-name", "Half Hall", "--slug", slug, "--manager-email", email, "--venue-name", "V", "--capacity", "1", "--time-zone", zone, "--currency", "EUR");
            Assert.Equal(1, wrong.ExitCode);
            Assert.Contains("422", Assert.Single(wrong.Errors.Trim().Split('\n')), StringComparison.Ordinal);
        }
        Assert.Equal(0, await world.Ask<int>("select count(*)::int from platform.tenants where name = 'Half Hall'"));
        var stranger = await CommandRun.StartAsync([("INTERNAL_API_KEY", Stack.NewSecret()), ("AUTH_SERVICE_URL", world.AuthUrl.ToString()), ("VENUE_SERVICE_URL", world.VenuesUrl.ToString())],
            "setup", "--json", "--organiser-name", "Half Hall", "--slug", "half", "--manager-email", "a@people.example", "--venue-name", "V", "--capacity", "1", "--time-zone", "Europe/Berlin", "--currency", "EUR");
        Assert.Equal(1, stranger.ExitCode);
        Assert.Contains("401", stranger.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_was_cut_off_before_the_venue_or_the_manager_is_completed_by_the_next()
    {
        await world.Sql("insert into platform.tenants (id, slug, name) values (gen_random_uuid(), 'cut-off', 'Cut Off')");
        var run = await SetUpAsync("--organiser-name", "Cut Off", "--slug", "cut-off", "--manager-email", "carl@people.example", "--venue-name", "Room", "--capacity", "10", "--time-zone", "Europe/Berlin", "--currency", "EUR");
        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        Assert.NotEmpty(JsonDocument.Parse(run.Output).RootElement.Text("managerLink"));
    }

    [Fact]
    public async Task The_platforms_administrator_makes_organisers_and_nobody_else_does()
    {
        var body = new { name = "Platform Hall", slug = "platform-hall", managerEmail = "pia@people.example" };
        using var platform = world.Client(world.AuthUrl, Roles.Admin, Guid.CreateVersion7(), TenantDirectory.Platform);
        var made = await platform.MakeAsync("/api/v1/admin/tenants", body);
        Assert.NotEmpty(made.Text("managerLink"));
        Assert.Equal("already_exists", await (await platform.PostAsync("/api/v1/admin/tenants", body)).RefusedAsync(HttpStatusCode.Conflict));
        foreach (var role in Roles.All)
        {
            using var other = world.Client(world.AuthUrl, role, Guid.CreateVersion7());
            Assert.Equal(HttpStatusCode.Forbidden, (await other.PostAsync("/api/v1/admin/tenants", new { name = "X", slug = $"x-{role.Replace('_', '-')}", managerEmail = "x@people.example" })).StatusCode);
        }
    }

    private async Task<string> CountAsync() => await world.Ask<string>(
        "select concat_ws(' ', (select count(*) from platform.tenants), (select count(*) from identity.people), (select count(*) from identity.memberships), (select count(*) from neighbours.venues), (select count(*) from identity.outgoing))") ?? "";

    private Task<CommandRun> SetUpAsync(params string[] arguments) => CommandRun.StartAsync(
        [("INTERNAL_API_KEY", world.TicketsSettings["INTERNAL_API_KEY"]), ("AUTH_SERVICE_URL", world.AuthUrl.ToString()), ("VENUE_SERVICE_URL", world.VenuesUrl.ToString())],
        ["setup", "--json", .. arguments]);
}
