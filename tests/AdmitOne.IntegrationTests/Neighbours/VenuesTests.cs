using System.Net;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Neighbours;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Neighbours;

public sealed class VenuesTests(World world) : IClassFixture<World>
{
    private static readonly object s_hall = new { name = "The Hall", address = "1 Quay Street", timeZone = "Europe/Amsterdam", maxCapacity = 500 };

    [Fact]
    public async Task A_manager_adds_a_venue_that_anybody_can_read()
    {
        using var manager = world.Venues(Roles.VenueManager);
        var made = await manager.MakeAsync("/api/v1/venues", s_hall);
        using var anybody = world.Venues();
        var read = await anybody.GetJsonAsync($"/api/v1/venues/{made.Id()}");
        Assert.Equal((world.Tenant, "The Hall", "1 Quay Street", "Europe/Amsterdam", 500L),
            (read.Id("tenantId"), read.Text("name"), read.Text("address"), read.Text("timeZone"), read.Number("maxCapacity")));
    }

    [Theory]
    [InlineData(null, HttpStatusCode.Unauthorized, "token_missing")]
    [InlineData(Roles.Customer, HttpStatusCode.Forbidden, "role_required")]
    [InlineData(Roles.VenueStaff, HttpStatusCode.Forbidden, "role_required")]
    [InlineData(Roles.Ops, HttpStatusCode.Forbidden, "role_required")]
    public async Task Nobody_else_adds_one(string? role, HttpStatusCode status, string code)
    {
        using var client = world.Venues(role);
        using var answer = await client.PostAsync("/api/v1/venues", s_hall);
        Assert.Equal(code, await answer.RefusedAsync(status));
    }

    [Theory]
    [InlineData("Mars/Olympus", 500, "/timeZone")]
    [InlineData("Europe/Amsterdam", 0, "/maxCapacity")]
    public async Task A_venue_that_breaks_a_rule_says_where(string timeZone, int maxCapacity, string pointer)
    {
        using var manager = world.Venues(Roles.VenueManager);
        using var answer = await manager.PostAsync("/api/v1/venues", new { name = "X", address = "Y", timeZone, maxCapacity });
        Assert.Equal(pointer, (await answer.ReadAsync(HttpStatusCode.UnprocessableEntity)).Items("errors").Single().Text("pointer"));
    }

    [Fact]
    public async Task The_list_is_paged_without_repeating_or_losing_one()
    {
        using var manager = world.Venues(Roles.VenueManager);
        for (var i = 0; i < 5; i++) await manager.MakeAsync("/api/v1/venues", s_hall);
        var seen = new List<Guid>();
        string? cursor = null;
        do
        {
            var page = await manager.GetJsonAsync("/api/v1/venues?limit=2" + (cursor is null ? "" : $"&cursor={cursor}"));
            seen.AddRange(page.Items().Select(venue => venue.Id()));
            cursor = page.GetProperty("nextCursor").GetString();
        }
        while (cursor is not null);
        Assert.True(seen.Count >= 5);
        Assert.Equal(seen.Order().Distinct(), seen);

        foreach (var (query, pointer) in new[] { ("limit=0", "/limit"), ("limit=101", "/limit"), ("cursor=mine", "/cursor") })
        {
            var refused = await manager.GetJsonAsync($"/api/v1/venues?{query}", HttpStatusCode.UnprocessableEntity);
            Assert.Equal(pointer, refused.Items("errors").Single().Text("pointer"));
        }
    }

    [Theory]
    [InlineData("0193a5b0-7c1e-7d3a-9f00-000000000001")]
    [InlineData("no-uuid")]
    public async Task An_unknown_one_is_not_found(string id)
    {
        using var client = world.Venues();
        using var answer = await client.GetAsync($"/api/v1/venues/{id}", TestContext.Current.CancellationToken);
        Assert.Equal("not_found", await answer.RefusedAsync(HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task Venues_survive_a_restart()
    {
        var first = await world.StartAsync(VenuesNeighbour.Build, world.NeighbourSettings);
        using var manager = world.Client(World.Address(first), Roles.Admin);
        var made = await manager.MakeAsync("/api/v1/venues", s_hall);
        await first.StopAsync(TestContext.Current.CancellationToken);

        var second = await world.StartAsync(VenuesNeighbour.Build, world.NeighbourSettings);
        using var anybody = world.Client(World.Address(second));
        Assert.Equal("The Hall", (await anybody.GetJsonAsync($"/api/v1/venues/{made.Id()}")).Text("name"));
    }
}
