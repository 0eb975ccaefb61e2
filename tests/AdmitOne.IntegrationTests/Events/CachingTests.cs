using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using AdmitOne.Events;
using AdmitOne.IntegrationTests.Harness;
using Dapper;

namespace AdmitOne.IntegrationTests.Events;

/// <summary>The public reads copies, and no copy is older than a second than what it copies.</summary>
public sealed partial class CachingTests(World world) : IClassFixture<World>
{
    private readonly EventDesk _desk = new(world);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    // A change is seen at last every time, and within the bound at least once in five: a busy machine adds time of its own.
    private static async Task SoonAsync(Func<int, string> values, Func<string, Task> change, Func<string, Task<bool>> isSeen)
    {
        for (var n = 0; n < 5; n++)
        {
            await change(values(n));
            var since = TimeProvider.System.GetTimestamp();
            await World.UntilAsync("the change is seen", () => isSeen(values(n)));
            if (TimeProvider.System.GetElapsedTime(since) < TimeSpan.FromSeconds(2.5)) return;
        }
        Assert.Fail("No change was seen within 2.5 s.");
    }

    [Fact]
    public async Task A_change_is_seen_at_once_where_it_was_made_and_within_a_second_elsewhere()
    {
        using var elsewhere = await AnotherHostAsync();
        var id = await _desk.CreateInAsync("on_sale");
        Assert.Equal("on_sale", await StatusAsync(_desk.Public, id));
        Assert.Equal("on_sale", await StatusAsync(elsewhere, id));

        await SoonAsync(n => n % 2 == 0 ? "sales_paused" : "on_sale", async status =>
        {
            await (await _desk.MoveAsync(id, status)).ReadAsync();
            Assert.Equal(status, await StatusAsync(_desk.Public, id));
        }, async status => await StatusAsync(elsewhere, id) == status);
        var status = await StatusAsync(elsewhere, id);
        Assert.Contains(id, (await elsewhere.GetJsonAsync($"/api/v1/events?status={status}&limit=100")).Items().Select(e => e.Id()));
    }

    [Fact]
    public async Task Without_Redis_everything_is_answered_and_no_copy_is_older_than_a_second()
    {
        using var alone = await AnotherHostAsync(("REDIS_PORT", "1"));
        var id = await _desk.CreateInAsync("on_sale");
        Assert.Equal("on_sale", await StatusAsync(alone, id));
        await (await _desk.MoveAsync(id, "sales_paused")).ReadAsync();
        await World.UntilAsync("the host without Redis shows it", async () => await StatusAsync(alone, id) == "sales_paused");
    }

    [Fact]
    public async Task What_does_not_change_is_read_once_and_a_change_by_anybody_is_seen_without_Redis()
    {
        using var alone = await AnotherHostAsync(("REDIS_PORT", "1"));
        var id = await _desk.CreateInAsync("on_sale");
        await World.UntilAsync("its changes are heard from PostgreSQL", async () =>
        {
            await StatusAsync(alone, id);
            var before = await ReadsAsync(alone);
            await Task.Delay(TimeSpan.FromSeconds(2.2), Cancellation);   // longer than anything is believed unheard
            await StatusAsync(alone, id);
            var after = await ReadsAsync(alone);
            return after["memory"] == before["memory"] + 1 && after["database"] == before["database"];
        });

        // Not through any process of ours: whoever commits it.
        await using var database = await world.ConnectAsync();
        await SoonAsync(n => $"By Another Writer {n}",
            name => database.ExecuteAsync("update events.events set name = @name where id = @id", new { id, name }),
            async name => (await alone.GetJsonAsync($"/api/v1/events/{id}")).Text("name") == name);
    }

    [Fact]
    public async Task What_was_not_there_is_found_as_soon_as_it_is()
    {
        var id = await _desk.CreateInAsync("draft");
        foreach (var _ in Enumerable.Range(0, 3)) await (await _desk.Public.GetAsync($"/api/v1/events/{id}", Cancellation)).RefusedAsync(HttpStatusCode.NotFound);
        await (await _desk.MoveAsync(id, "published")).ReadAsync();
        Assert.NotEqual("draft", await StatusAsync(_desk.Public, id));
    }

    [Fact]
    public async Task The_public_may_keep_pages_and_lists_and_is_told_304_and_a_manager_never()
    {
        var id = await _desk.CreateInAsync("on_sale");
        foreach (var path in new[] { $"/api/v1/events/{id}", "/api/v1/events?limit=5", $"/api/v1/venues/{await world.VenueAsync()}/events", "/api/v1/categories" })
        {
            using var first = await _desk.Public.GetAsync(path, Cancellation);
            Assert.Equal((HttpStatusCode.OK, true), (first.StatusCode, first.Headers.CacheControl!.Public));
            Assert.Equal("Authorization", first.Headers.Vary.Single());
            using var again = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { IfNoneMatch = { first.Headers.ETag! } } };
            using var known = await _desk.Public.SendAsync(again, Cancellation);
            Assert.Equal(HttpStatusCode.NotModified, known.StatusCode);
            Assert.Equal(first.Headers.ETag, known.Headers.ETag);
            Assert.Empty(await known.Content.ReadAsByteArrayAsync(Cancellation));
            using var head = await _desk.Public.SendAsync(new HttpRequestMessage(HttpMethod.Head, path), Cancellation);
            Assert.Equal((HttpStatusCode.OK, first.Headers.ETag), (head.StatusCode, head.Headers.ETag));

            using var manager = await _desk.Manager.GetAsync(path, Cancellation);
            Assert.True(manager.Headers.CacheControl!.NoStore, path);
        }
    }

    [Fact]
    public async Task Of_a_hundred_at_once_one_reads_and_the_others_wait_for_it()
    {
        using var fresh = await AnotherHostAsync();
        var id = await _desk.CreateInAsync("on_sale");
        var before = await ReadsAsync(fresh);
        await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => StatusAsync(fresh, id)));
        var after = await ReadsAsync(fresh);
        Assert.InRange(after["database"] - before["database"], 0, 5);   // one a second, and the machine may be slow
    }

    [Fact]
    public async Task A_buyers_token_gets_the_public_copy_and_another_organisers_draft_is_not_in_it()
    {
        var id = await _desk.CreateInAsync("draft");
        await _desk.Manager.GetJsonAsync($"/api/v1/events/{id}");
        using var buyer = world.Events("customer");
        await (await buyer.GetAsync($"/api/v1/events/{id}", Cancellation)).RefusedAsync(HttpStatusCode.NotFound);
        await (await _desk.OtherManager.GetAsync($"/api/v1/events/{id}", Cancellation)).RefusedAsync(HttpStatusCode.NotFound);
        Assert.DoesNotContain(id, (await _desk.Public.GetJsonAsync("/api/v1/events?limit=100&sort=-createdAt")).Items().Select(e => e.Id()));
        Assert.Contains(id, (await _desk.Manager.GetJsonAsync("/api/v1/events?limit=100&sort=-createdAt")).Items().Select(e => e.Id()));
        Assert.DoesNotContain(id, (await _desk.Public.GetJsonAsync("/api/v1/events?limit=100&sort=-createdAt")).Items().Select(e => e.Id()));
    }

    private static async Task<string> StatusAsync(HttpClient client, Guid id) => (await client.GetJsonAsync($"/api/v1/events/{id}")).Text("status");

    private async Task<HttpClient> AnotherHostAsync(params (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string?>(world.EventsSettings);
        foreach (var (name, value) in settings) all[name] = value;
        return world.Client(World.Address(await world.StartAsync(configuration => EventsService.Build(configuration), (IReadOnlyDictionary<string, string?>)all)));
    }

    private static async Task<Dictionary<string, double>> ReadsAsync(HttpClient client)
    {
        var text = await client.GetStringAsync("/metrics", Cancellation);
        return Reads().Matches(text).ToDictionary(m => m.Groups["tier"].Value, m => double.Parse(m.Groups["n"].Value, CultureInfo.InvariantCulture));
    }

    [GeneratedRegex("""^admitone_cache_reads\w*\{[^}]*tier="(?<tier>\w+)"[^}]*\} (?<n>[\d.]+)""", RegexOptions.Multiline)]
    private static partial Regex Reads();
}
