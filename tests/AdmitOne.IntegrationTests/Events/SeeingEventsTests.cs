using System.Net;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Events;

/// <summary>Who sees what: one organiser's events in each visibility, before and after they are published.</summary>
public sealed class SeeingEventsTests(World world) : IClassFixture<World>
{
    private readonly EventDesk _desk = new(world);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("public", "draft", false, false)]
    [InlineData("public", "review", false, false)]
    [InlineData("public", "approved", false, false)]
    [InlineData("public", "published", true, true)]
    [InlineData("public", "on_sale", true, true)]
    [InlineData("public", "cancelled", true, true)]
    [InlineData("unlisted", "draft", false, false)]
    [InlineData("unlisted", "published", true, false)]
    [InlineData("private", "published", false, false)]
    public async Task Everybody_sees_what_is_published_and_a_manager_their_own(string visibility, string state, bool seen, bool listed)
    {
        var id = await _desk.CreateInAsync(state, ("visibility", visibility));
        using var customer = world.Events(Roles.Customer);
        using var staff = world.Events(Roles.VenueStaff);
        foreach (var (who, sees, lists) in new[]
        {
            (_desk.Public, seen, listed), (customer, seen, listed), (staff, seen, listed), (_desk.OtherManager, seen, listed), (_desk.Manager, true, true),
        })
        {
            await who.GetJsonAsync($"/api/v1/events/{id}", sees ? HttpStatusCode.OK : HttpStatusCode.NotFound);
            await who.GetJsonAsync($"/api/v1/events/{id}/sections", sees ? HttpStatusCode.OK : HttpStatusCode.NotFound);
            var list = await who.GetJsonAsync("/api/v1/events?sort=-createdAt&limit=100");
            Assert.Equal(lists, list.Items().Any(e => e.Id() == id));
        }
    }

    [Fact]
    public async Task A_slug_is_found_within_its_organiser()
    {
        var id = await _desk.CreateInAsync("published", ("name", "The Slug Show"));
        using var customer = world.Events(Roles.Customer);
        Assert.Equal(id, (await _desk.Public.GetJsonAsync("/api/v1/events/the-slug-show?organizer=ours")).Id());
        Assert.Equal(id, (await _desk.OtherManager.GetJsonAsync("/api/v1/events/the-slug-show?organizer=ours")).Id());
        Assert.Equal(id, (await _desk.Manager.GetJsonAsync("/api/v1/events/the-slug-show")).Id());
        Assert.Equal(id, (await customer.GetJsonAsync("/api/v1/events/the-slug-show")).Id());
        foreach (var path in new[] { "the-slug-show", "the-slug-show?organizer=theirs", "the-slug-show?organizer=nobody", "nothing?organizer=ours", Guid.CreateVersion7().ToString() })
        {
            using var answer = await _desk.Public.GetAsync($"/api/v1/events/{path}", Cancellation);
            Assert.Equal("not_found", await answer.RefusedAsync(HttpStatusCode.NotFound));
        }
        await _desk.OtherManager.GetJsonAsync("/api/v1/events/the-slug-show", HttpStatusCode.NotFound);
        using var unreadable = await _desk.Public.GetAsync("/api/v1/events/the-slug-show?organizer=%00", Cancellation);
        Assert.Equal("validation_failed", await unreadable.RefusedAsync(HttpStatusCode.UnprocessableEntity));
    }

    [Fact]
    public async Task Another_organisers_manager_can_change_nothing()
    {
        var id = await _desk.CreateInAsync("on_sale");
        var section = (await _desk.Manager.GetJsonAsync($"/api/v1/events/{id}/sections")).Items().Single().Id();
        foreach (var state in new[] { "cancelled", "sold_out" })
        {
            using var moved = await _desk.OtherManager.PostAsync($"/api/v1/events/{id}/transitions", new { to = state });
            Assert.Equal("not_found", await moved.RefusedAsync(HttpStatusCode.NotFound));
        }
        await _desk.OtherManager.GetJsonAsync($"/api/v1/events/{id}/transitions", HttpStatusCode.NotFound);
        using var added = await _desk.OtherManager.PostAsync($"/api/v1/events/{id}/sections", new { name = "Mine", capacity = 1 });
        Assert.Equal("not_found", await added.RefusedAsync(HttpStatusCode.NotFound));
        using var patch = new HttpRequestMessage(HttpMethod.Patch, $"/api/v1/sections/{section}") { Content = System.Net.Http.Json.JsonContent.Create(new { capacity = 1 }) };
        patch.Headers.TryAddWithoutValidation("If-Match", "*");
        using var changed = await _desk.OtherManager.SendAsync(patch, Cancellation);
        Assert.Equal("not_found", await changed.RefusedAsync(HttpStatusCode.NotFound));
        using var delete = new HttpRequestMessage(HttpMethod.Delete, $"/api/v1/sections/{section}");
        delete.Headers.TryAddWithoutValidation("If-Match", "*");
        using var removed = await _desk.OtherManager.SendAsync(delete, Cancellation);
        Assert.Equal("not_found", await removed.RefusedAsync(HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task A_version_that_is_known_is_not_sent_again()
    {
        var id = await _desk.CreateInAsync("published");
        using var first = await _desk.Public.GetAsync($"/api/v1/events/{id}", Cancellation);
        Assert.True(first.Headers.CacheControl?.Public);
        Assert.Contains("Authorization", first.Headers.Vary);
        using var again = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/events/{id}");
        again.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using var unchanged = await _desk.Public.SendAsync(again, Cancellation);
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
        Assert.Equal(first.Headers.ETag, unchanged.Headers.ETag);
        Assert.Empty(await unchanged.Content.ReadAsByteArrayAsync(Cancellation));

        await (await _desk.MoveAsync(id, "postponed")).ReadAsync();
        using var later = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/events/{id}");
        later.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using var changed = await _desk.Public.SendAsync(later, Cancellation);
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);

        using var forManager = await _desk.Manager.GetAsync($"/api/v1/events/{id}", Cancellation);
        Assert.True(forManager.Headers.CacheControl is { NoStore: true, Private: true });
    }

    [Fact]
    public async Task The_seeded_categories_are_everybodys()
    {
        string[] seeded = ["music", "sports", "theatre", "comedy", "arts", "conference", "workshop", "festival", "family", "nightlife"];
        Assert.Equal(seeded, (await _desk.Public.GetJsonAsync("/api/v1/categories")).Items().Select(c => c.Text("slug")));
        await world.Sql("insert into events.categories (tenant_id, slug, name) values (@Tenant, 'river', 'By the river')", new { world.Tenant });
        Assert.Equal([.. seeded, "river"], (await _desk.Manager.GetJsonAsync("/api/v1/categories")).Items().Select(c => c.Text("slug")));
        Assert.Equal(seeded, (await _desk.OtherManager.GetJsonAsync("/api/v1/categories")).Items().Select(c => c.Text("slug")));
        Assert.Equal("river", (await _desk.CreateAsync(("categorySlug", "river"))).Text("categorySlug"));
    }
}
