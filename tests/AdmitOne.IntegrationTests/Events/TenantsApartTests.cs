using System.Net;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Events;

/// <summary>What is not public of one organiser does not exist for anybody else: each route, by id, slug, search, cursor, ETag and words of refusals.</summary>
public sealed class TenantsApartTests(World world) : IClassFixture<World>
{
    private readonly EventDesk _desk = new(world);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Hidden => new() { { "draft", "public" }, { "review", "public" }, { "approved", "unlisted" }, { "draft", "private" }, { "published", "private" }, { "on_sale", "private" }, { "cancelled", "private" } };

    // The same question about something that never was must be answered in the same words.
    [Theory, MemberData(nameof(Hidden))]
    public async Task A_hidden_event_is_answered_as_one_that_never_was(string state, string visibility)
    {
        var made = await _desk.CreateAsync(("name", $"Secret {state} {visibility}"), ("visibility", visibility));
        var id = made.Id();
        var section = (await _desk.AddSectionAsync(id, "Floor", 10)).Id();
        var entry = (await _desk.Manager.MakeAsync($"/api/v1/events/{id}/schedule", new { startsAt = made.Text("startsAt"), endsAt = made.Text("endsAt") })).Id();
        if (state is "on_sale") await _desk.AddTypeAsync(id, quantity: 10);
        foreach (var step in EventDesk.Ways[state]) await (await _desk.MoveAsync(id, step)).ReadAsync();
        var (slug, etag) = (made.Text("slug"), $"\"{(await _desk.FindAsync(id)).Number("version")}\"");

        var never = Guid.CreateVersion7();
        var change = new { name = "Mine now" };
        var times = new { startsAt = made.Text("startsAt"), endsAt = made.Text("endsAt") };
        (HttpMethod Method, string Path, object? Body)[] routes =
        [
            (HttpMethod.Get, "/api/v1/events/{event}", null), (HttpMethod.Get, "/api/v1/events/{slug}?organizer=ours", null), (HttpMethod.Get, "/api/v1/events/{slug}", null),
            (HttpMethod.Get, "/api/v1/events/{event}/sections", null), (HttpMethod.Get, "/api/v1/events/{event}/schedule", null), (HttpMethod.Get, "/api/v1/events/{event}/calendar.ics", null),
            (HttpMethod.Get, "/api/v1/events/{event}/transitions", null), (HttpMethod.Head, "/api/v1/events/{event}", null),
            (HttpMethod.Patch, "/api/v1/events/{event}", change), (HttpMethod.Delete, "/api/v1/events/{event}", null), (HttpMethod.Post, "/api/v1/events/{event}/copy", new { }),
            (HttpMethod.Post, "/api/v1/events/{event}/transitions", new { to = "cancelled" }), (HttpMethod.Post, "/api/v1/events/{event}/sections", new { name = "Mine", capacity = 1 }),
            (HttpMethod.Post, "/api/v1/events/{event}/schedule", times), (HttpMethod.Patch, "/api/v1/sections/{section}", new { capacity = 1 }), (HttpMethod.Delete, "/api/v1/sections/{section}", null),
            (HttpMethod.Patch, "/api/v1/schedule/{entry}", change), (HttpMethod.Delete, "/api/v1/schedule/{entry}", null),
        ];
        using var admin = world.Events(Roles.Admin, tenant: world.OtherTenant);
        foreach (var (method, path, body) in routes)
        {
            foreach (var who in new[] { _desk.OtherManager, admin, _desk.Public })
            {
                var real = await AskAsync(who, method, Path(path, id, slug, section, entry), body, etag);
                var imagined = await AskAsync(who, method, Path(path, never, "never-was", never, never), body, etag);
                Assert.True(real.Status == imagined.Status && real.Words == imagined.Words, $"{method} {path}: {real} and {imagined}");
                Assert.NotInRange((int)real.Status, 200, 399);
                Assert.DoesNotContain("Secret", real.Words, StringComparison.Ordinal);
            }
        }
        Assert.Equal((made.Text("name"), etag), ((await _desk.FindAsync(id)).Text("name"), $"\"{(await _desk.FindAsync(id)).Number("version")}\""));
    }

    [Fact]
    public async Task Nothing_hidden_is_found_counted_or_paged_over()
    {
        var venue = await world.VenueAsync();
        for (var i = 0; i < 6; i++) await _desk.CreateInAsync(i % 2 == 0 ? "draft" : "published", ("name", $"Xylophone {i}"), ("tags", new[] { "xylophone" }), ("visibility", i % 2 == 0 ? "public" : "private"), ("venueId", venue));
        var open = await _desk.CreateInAsync("published", ("name", "Xylophone in public"), ("tags", new[] { "xylophone" }), ("venueId", venue));
        foreach (var query in new[] { "q=xylophone", "tag=xylophone", "organizer=ours&q=xylophone", "q=xylophone&sort=startsAt", "q=xylophone&sort=-createdAt", "q=xylophone&status=published" })
        {
            foreach (var path in new[] { $"/api/v1/events?{query}", $"/api/v1/venues/{venue}/events?{query}" })
            {
                foreach (var who in new[] { _desk.OtherManager, _desk.Public })
                {
                    // One on a page, and no next page that would tell of more.
                    var page = await who.GetJsonAsync($"{path}&limit=1");
                    Assert.Equal((open, JsonValueKind.Null), (page.Items().Single().Id(), page.GetProperty("nextCursor").ValueKind));
                }
            }
        }
        foreach (var status in new[] { "draft", "review", "approved" })
            Assert.DoesNotContain((await _desk.OtherManager.GetJsonAsync($"/api/v1/events?status={status}&limit=100")).Items(), e => e.Id("tenantId") == world.Tenant);

        // A cursor is a place in a list, not a key to it.
        var mine = await _desk.Manager.GetJsonAsync("/api/v1/events?q=xylophone&limit=1");
        var stolen = await _desk.OtherManager.GetJsonAsync($"/api/v1/events?q=xylophone&limit=100&cursor={mine.Text("nextCursor")}");
        Assert.All(stolen.Items(), e => Assert.Equal(open, e.Id()));
    }

    [Fact]
    public async Task An_entity_tag_tells_nothing()
    {
        var id = (await _desk.CreateAsync()).Id();
        using var guess = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/events/{id}");
        guess.Headers.TryAddWithoutValidation("If-None-Match", "\"1\", *");
        using var answer = await _desk.OtherManager.SendAsync(guess, Cancellation);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Null(answer.Headers.ETag);
        // Nor does a wrong one: 404, not 412.
        Assert.Equal("not_found", await (await _desk.ChangeAsync(id, new { name = "X" }, "\"99\"", by: _desk.OtherManager)).RefusedAsync(HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task Two_organisers_have_the_same_slug_and_each_finds_their_own()
    {
        var mine = (await _desk.CreateAsync(("name", "Shared Name"))).Id();
        var theirs = await TheirsAsync("Shared Name");
        Assert.Equal("shared-name", theirs.Text("slug"));
        Assert.Equal(mine, (await _desk.Manager.GetJsonAsync("/api/v1/events/shared-name")).Id());
        Assert.Equal(theirs.Id(), (await _desk.OtherManager.GetJsonAsync("/api/v1/events/shared-name")).Id());
        await _desk.Manager.GetJsonAsync("/api/v1/events/shared-name?organizer=theirs", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task What_one_does_takes_nothing_from_the_other()
    {
        var theirs = (await TheirsAsync("Untouched")).Id();
        var before = (await _desk.OtherManager.GetJsonAsync($"/api/v1/events/{theirs}")).ToString();
        var theirVenue = (await _desk.OtherManager.GetJsonAsync($"/api/v1/events/{theirs}")).Id("venueId");
        await (await _desk.ChangeAsync((await _desk.CreateAsync()).Id(), new { venueId = theirVenue })).ReadAsync(HttpStatusCode.UnprocessableEntity);
        var category = await _desk.OtherManager.MakeAsync("/api/v1/categories", new { name = "Theirs alone" });
        await (await _desk.ChangeAsync((await _desk.CreateAsync()).Id(), new { categorySlug = category.Text("slug") })).ReadAsync(HttpStatusCode.UnprocessableEntity);
        Assert.Equal("not_found", await (await EventDesk.EditAsync(_desk.Manager, HttpMethod.Delete, $"/api/v1/categories/{category.Text("slug")}", null)).RefusedAsync(HttpStatusCode.NotFound));
        Assert.Equal(before, (await _desk.OtherManager.GetJsonAsync($"/api/v1/events/{theirs}")).ToString());
    }

    private async Task<JsonElement> TheirsAsync(string name)
    {
        var body = await _desk.BodyAsync(("name", name), ("venueId", await world.VenueAsync(world.OtherTenant)));
        return await _desk.OtherManager.MakeAsync("/api/v1/events", body);
    }

    private static string Path(string path, Guid id, string slug, Guid section, Guid entry) => path
        .Replace("{event}", id.ToString(), StringComparison.Ordinal).Replace("{slug}", slug, StringComparison.Ordinal)
        .Replace("{section}", section.ToString(), StringComparison.Ordinal).Replace("{entry}", entry.ToString(), StringComparison.Ordinal);

    // Without what differs from question to question: the address and the trace.
    private static async Task<(HttpStatusCode Status, string Words)> AskAsync(HttpClient who, HttpMethod method, string path, object? body, string etag)
    {
        using var answer = await EventDesk.EditAsync(who, method, path, body, method == HttpMethod.Patch || method == HttpMethod.Delete ? etag : null, "application/json");
        var text = await answer.Content.ReadAsStringAsync(Cancellation);
        if (text.Length == 0) return (answer.StatusCode, $"{answer.Headers.ETag}");
        var problem = JsonDocument.Parse(text).RootElement;
        return (answer.StatusCode, $"{problem.Text("code")} {problem.Text("title")} {problem.Text("detail")} {answer.Headers.ETag} {answer.Headers.CacheControl}");
    }
}
