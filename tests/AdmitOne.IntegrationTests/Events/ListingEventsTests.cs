using System.Net;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Events;

public sealed class ListingEventsTests(World world) : IClassFixture<World>
{
    private readonly EventDesk _desk = new(world);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Filters_narrow_the_list()
    {
        var venue = await _desk.VenueAsync(500);
        var soon = TimeProvider.System.GetUtcNow().AddDays(3);
        var id = await _desk.CreateInAsync("on_sale", ("name", "Zanzibar Nights"), ("description", "taarab orchestra"), ("tags", new[] { "oud" }), ("categorySlug", "festival"),
            ("venueId", venue), ("startsAt", EventDesk.At(soon)), ("endsAt", EventDesk.At(soon.AddHours(2))));
        await _desk.CreateInAsync("published");

        var from = Uri.EscapeDataString(EventDesk.At(soon));
        var to = Uri.EscapeDataString(EventDesk.At(soon.AddSeconds(1)));
        foreach (var filter in new[] { "q=zanzibar", "q=orchestra taarab", "q=oud", "q=\"zanzibar nights\" -disco", "tag=oud", "category=festival", $"venueId={venue}", $"from={from}&to={to}", "status=on_sale&organizer=ours" })
            Assert.Equal(id, (await _desk.Public.GetJsonAsync($"/api/v1/events?{filter}")).Items().Single().Id());
        foreach (var filter in new[] { "q=zanzibar -nights", "q=!!!", "tag=Oud!", "category=sports", $"venueId={Guid.CreateVersion7()}", "organizer=theirs", "organizer=nobody", $"to={from}&venueId={venue}", "status=completed" })
            Assert.Empty((await _desk.Public.GetJsonAsync($"/api/v1/events?{filter}")).Items());
        Assert.Equal(id, (await _desk.Public.GetJsonAsync($"/api/v1/venues/{venue}/events?status=on_sale")).Items().Single().Id());
        Assert.Empty((await _desk.Public.GetJsonAsync($"/api/v1/venues/{Guid.CreateVersion7()}/events")).Items());
    }

    [Fact]
    public async Task What_is_on_now_or_comes_next_is_first_and_what_is_over_last()
    {
        var venue = await _desk.VenueAsync(500);
        async Task<Guid> AtAsync(int starts, int ends)
        {
            var id = await _desk.CreateInAsync("published", ("venueId", venue));
            await world.Sql("""
                update events.events set sales_start_at = clock_timestamp() + make_interval(days => @starts - 1), doors_at = clock_timestamp() + make_interval(days => @starts),
                       starts_at = clock_timestamp() + make_interval(days => @starts), ends_at = clock_timestamp() + make_interval(days => @ends),
                       sales_end_at = clock_timestamp() + make_interval(days => @starts), check_in_from = clock_timestamp() + make_interval(days => @starts - 1), check_in_until = clock_timestamp() + make_interval(days => @ends), clock_looks_at = clock_timestamp() + interval '1 day' where id = @id
                """, new { id, starts, ends });
            return id;
        }
        var (old, older) = (await AtAsync(-3, -2), await AtAsync(-9, -8));
        var (running, next, later) = (await AtAsync(-1, 2), await AtAsync(1, 2), await AtAsync(5, 6));
        Guid[] expected = [running, next, later, old, older];

        Assert.Equal(expected, (await _desk.Public.GetJsonAsync($"/api/v1/venues/{venue}/events")).Items().Select(e => e.Id()));
        var paged = new List<Guid>();
        string? cursor = null;
        do
        {
            var page = await _desk.Public.GetJsonAsync($"/api/v1/events?venueId={venue}&limit=2{(cursor is null ? "" : $"&cursor={cursor}")}");
            paged.AddRange(page.Items().Select(e => e.Id()));
            cursor = page.GetProperty("nextCursor").GetString();
        }
        while (cursor is not null);
        Assert.Equal(expected, paged);

        foreach (var query in new[] { "endsFrom=now", $"endsFrom={Uri.EscapeDataString(EventDesk.At(TimeProvider.System.GetUtcNow()))}", "endsFrom=now&sort=startsAt" })
            Assert.Equal(expected[..3], (await _desk.Public.GetJsonAsync($"/api/v1/events?venueId={venue}&{query}")).Items().Select(e => e.Id()));
        foreach (var broken in new[] { "endsFrom=today", "endsFrom=2027-01-01T00:00:00", "endsFrom=" })
            Assert.Equal("/endsFrom", (await (await _desk.Public.GetAsync($"/api/v1/events?{broken}", Cancellation)).ReadAsync(HttpStatusCode.UnprocessableEntity)).Items("errors").Single().Text("pointer"));
    }

    [Theory]
    [InlineData("startsAt")]
    [InlineData("-createdAt")]
    public async Task Pages_neither_repeat_nor_lose_an_event_while_others_are_added(string sort)
    {
        var venue = await _desk.VenueAsync(500);
        // Many at the same instant: the id decides among them.
        var there = new HashSet<Guid>();
        foreach (var _ in Enumerable.Range(0, 23)) there.Add(await _desk.CreateInAsync("published", ("venueId", venue)));

        var seen = new List<Guid>();
        string? cursor = null;
        do
        {
            var page = await _desk.Public.GetJsonAsync($"/api/v1/events?venueId={venue}&limit=5&sort={sort}{(cursor is null ? "" : $"&cursor={cursor}")}");
            Assert.InRange(page.Items().Count, 1, 5);
            seen.AddRange(page.Items().Select(e => e.Id()));
            cursor = page.GetProperty("nextCursor").GetString();
            await _desk.CreateInAsync("published", ("venueId", venue));
        }
        while (cursor is not null && seen.Count < 200);

        Assert.Equal(seen.Count, seen.Distinct().Count());
        Assert.Superset(there, seen.ToHashSet());
    }

    [Theory]
    [InlineData("limit=0", 422)]
    [InlineData("limit=101", 422)]
    [InlineData("limit=-1", 422)]
    [InlineData("limit=x", 400)]
    [InlineData("limit=99999999999999999999", 400)]
    [InlineData("cursor=nonsense", 422)]
    [InlineData("cursor=bnVsbA", 422)]
    [InlineData("cursor=%00", 422)]
    [InlineData("sort=name", 422)]
    [InlineData("sort=", 422)]
    [InlineData("category=", 422)]
    [InlineData("status=open", 422)]
    [InlineData("status=%00", 422)]
    [InlineData("venueId=x", 400)]
    [InlineData("from=yesterday", 400)]
    [InlineData("q=a%00b", 422)]
    [InlineData("tag=%00", 422)]
    [InlineData("category=%00", 422)]
    [InlineData("organizer=%00", 422)]
    public async Task A_parameter_that_makes_no_sense_is_refused_and_named(string query, int status)
    {
        // The list of a venue's events takes the venue from its path.
        string[] lists = query.StartsWith("venueId", StringComparison.Ordinal) ? ["/api/v1/events"] : ["/api/v1/events", $"/api/v1/venues/{Guid.CreateVersion7()}/events"];
        foreach (var path in lists)
        {
            await _desk.Public.GetJsonAsync(path);   // what is remembered for the list without it must not be taken for an answer
            using var answer = await _desk.Public.GetAsync($"{path}?{query}", Cancellation);
            var code = await answer.RefusedAsync((HttpStatusCode)status);
            Assert.Equal(status == 400 ? "invalid_parameter" : "validation_failed", code);
            var problem = await answer.ReadAsync((HttpStatusCode)status);
            var name = query[..query.IndexOf('=', StringComparison.Ordinal)];
            if (status == 422) Assert.Equal($"/{name}", problem.Items("errors").Single().Text("pointer"));
            else Assert.Contains(name, problem.Text("detail"), StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task The_document_names_the_words_that_a_parameter_takes()
    {
        var list = (await _desk.Public.GetJsonAsync("/openapi/v1.json")).GetProperty("paths").GetProperty("/api/v1/events").GetProperty("get");
        var sort = list.Items("parameters").Single(parameter => parameter.Text("name") == "sort");
        Assert.Equal(["upcoming", "startsAt", "-createdAt", "relevance"], sort.GetProperty("schema").Items("enum").Select(word => word.GetString()));
    }

    [Fact]
    public async Task A_cursor_belongs_to_its_sort()
    {
        await _desk.CreateInAsync("published");
        await _desk.CreateInAsync("published");
        var cursor = (await _desk.Public.GetJsonAsync("/api/v1/events?limit=1")).Text("nextCursor");
        using var other = await _desk.Public.GetAsync($"/api/v1/events?limit=1&sort=-createdAt&cursor={cursor}", Cancellation);
        Assert.Equal("validation_failed", await other.RefusedAsync(HttpStatusCode.UnprocessableEntity));
        using var odd = await _desk.Public.GetAsync("/api/v1/venues/not-a-venue/events", Cancellation);
        Assert.Equal("not_found", await odd.RefusedAsync(HttpStatusCode.NotFound));
    }
}
