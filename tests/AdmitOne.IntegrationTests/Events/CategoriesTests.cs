using System.Net;
using AdmitOne.IntegrationTests.Harness;
using Dapper;

namespace AdmitOne.IntegrationTests.Events;

public sealed class CategoriesTests(World world) : IClassFixture<World>
{
    private readonly EventDesk _desk = new(world);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_organiser_adds_renames_and_removes_categories_of_its_own()
    {
        using var answer = await _desk.Manager.PostAsync("/api/v1/categories", new { name = "Über den Wolken" });
        var made = await answer.ReadAsync(HttpStatusCode.Created);
        Assert.Equal(("uber-den-wolken", "\"1\"", "/api/v1/categories/uber-den-wolken"), (made.Text("slug"), answer.Headers.ETag?.ToString(), answer.Headers.Location?.OriginalString));
        Assert.True(made.GetProperty("own").GetBoolean());
        await _desk.Manager.MakeAsync("/api/v1/categories", new { name = "Harbour", slug = "harbour", position = 5 });
        var id = (await _desk.CreateAsync(("categorySlug", "harbour"))).Id();

        // But for the one that the racers of another test made, whichever ran first.
        Assert.Equal(["uber-den-wolken", "harbour"], (await OwnAsync(_desk.Manager)).Where(c => c != "only-one"));
        Assert.Empty(await OwnAsync(_desk.OtherManager));
        Assert.Empty(await OwnAsync(_desk.Public));
        await _desk.OtherManager.MakeAsync("/api/v1/categories", new { name = "Harbour", slug = "harbour" });

        var renamed = await (await EditAsync("harbour", new { name = "Port" }, "\"1\"")).ReadAsync();
        Assert.Equal(("harbour", "Port", 2L), (renamed.Text("slug"), renamed.Text("name"), renamed.Number("version")));
        Assert.Equal("version_mismatch", await (await EditAsync("harbour", new { name = "X" }, "\"1\"")).RefusedAsync(HttpStatusCode.PreconditionFailed));
        Assert.Equal("if_match_required", await (await EditAsync("harbour", new { name = "X" }, null)).RefusedAsync(HttpStatusCode.PreconditionRequired));
        Assert.Equal("edit_not_allowed", await (await EditAsync("harbour", new { slug = "port" })).RefusedAsync(HttpStatusCode.Conflict));
        Assert.Equal("edit_not_allowed", await (await RemoveAsync("harbour")).RefusedAsync(HttpStatusCode.Conflict));
        await (await _desk.ChangeAsync(id, new { categorySlug = "music" })).ReadAsync();
        Assert.Equal(HttpStatusCode.NoContent, (await RemoveAsync("harbour", "\"2\"")).StatusCode);
        Assert.Equal("not_found", await (await RemoveAsync("harbour")).RefusedAsync(HttpStatusCode.NotFound));
        // The other organiser's is still there.
        Assert.Equal(["harbour"], await OwnAsync(_desk.OtherManager));
        await (await _desk.ChangeAsync(id, new { categorySlug = "harbour" })).ReadAsync(HttpStatusCode.UnprocessableEntity);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_category_is_not_removed_while_an_event_is_put_into_it(bool isNew)
    {
        var slug = isNew ? "new-in-a-race" : "edited-in-a-race";
        await _desk.Manager.MakeAsync("/api/v1/categories", new { name = "In a race", slug });
        var id = (await _desk.CreateAsync()).Id();
        var body = await _desk.BodyAsync(("categorySlug", slug));
        Task<HttpResponseMessage> into;
        Task<HttpResponseMessage> removal;
        // Who writes the event waits here, after the category was found.
        await using (var slow = await world.ConnectAsync())
        await using (var events = await slow.BeginTransactionAsync(Cancellation))
        {
            await slow.ExecuteAsync("lock table events.events in share mode", transaction: events);
            into = isNew ? _desk.Manager.PostAsync("/api/v1/events", body) : _desk.ChangeAsync(id, new { categorySlug = slug });
            await World.UntilAsync(async () => await world.Ask<int>("""
                select count(*)::int from pg_locks l join pg_database d on d.oid = l.database
                 where d.datname = current_database() and l.relation = 'events.events'::regclass and not l.granted
                """) == 1);
            removal = RemoveAsync(slug);
            await Task.WhenAny(removal, Task.Delay(1000, Cancellation));
        }
        using var put = await into;
        using var removed = await removal;
        Assert.True(put.IsSuccessStatusCode);
        Assert.Equal("edit_not_allowed", await removed.RefusedAsync(HttpStatusCode.Conflict));
        // Later tests count what there is.
        await world.Sql("update events.events set category_slug = null where category_slug = @slug; delete from events.categories where slug = @slug", new { slug });
    }

    [Fact]
    public async Task The_common_ones_are_nobodys_to_change_and_keep_their_slugs()
    {
        foreach (var taken in new[] { "music", "nightlife" })
        {
            using var again = await _desk.Manager.PostAsync("/api/v1/categories", new { name = "Mine", slug = taken });
            Assert.Equal("already_exists", await again.RefusedAsync(HttpStatusCode.Conflict));
            Assert.Equal("not_found", await (await EditAsync(taken, new { name = "X" })).RefusedAsync(HttpStatusCode.NotFound));
            Assert.Equal("not_found", await (await RemoveAsync(taken)).RefusedAsync(HttpStatusCode.NotFound));
        }
        var racers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _desk.Manager.PostAsync("/api/v1/categories", new { name = "Only one" })));
        Assert.Equal((1, 7), (racers.Count(a => a.StatusCode == HttpStatusCode.Created), racers.Count(a => a.StatusCode == HttpStatusCode.Conflict)));
    }

    [Theory]
    [InlineData("""{"name":""}""", 422)]
    [InlineData("""{"name":"A\u0000"}""", 422)]
    [InlineData("""{"name":"A","slug":"Not a slug"}""", 422)]
    [InlineData("""{"name":"A","slug":"a--b"}""", 422)]
    [InlineData("""{"name":"A","position":-1}""", 422)]
    [InlineData("""{"name":"A","colour":1}""", 400)]
    [InlineData("""{}""", 400)]
    public async Task A_category_that_makes_no_sense_is_refused(string body, int status) =>
        await (await EventDesk.PostTextAsync(_desk.Manager, "/api/v1/categories", body)).RefusedAsync((HttpStatusCode)status);

    private static async Task<IReadOnlyList<string>> OwnAsync(HttpClient client) =>
        [.. (await client.GetJsonAsync("/api/v1/categories")).Items().Where(c => c.GetProperty("own").GetBoolean()).Select(c => c.Text("slug"))];

    private Task<HttpResponseMessage> EditAsync(string slug, object change, string? ifMatch = "*") => EventDesk.EditAsync(_desk.Manager, HttpMethod.Patch, $"/api/v1/categories/{slug}", change, ifMatch);

    private Task<HttpResponseMessage> RemoveAsync(string slug, string? ifMatch = "*") => EventDesk.EditAsync(_desk.Manager, HttpMethod.Delete, $"/api/v1/categories/{slug}", null, ifMatch);
}
