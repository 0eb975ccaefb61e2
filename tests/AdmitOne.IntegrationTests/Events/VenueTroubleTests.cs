using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AdmitOne.IntegrationTests.Events;

/// <summary>A venue service that is slow, down or wrong: what needs a fresh answer says so, and all else goes on.</summary>
public sealed class VenueTroubleTests(World world) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Mood.Slow)]
    [InlineData(Mood.Fails)]
    [InlineData(Mood.HangsUp)]
    [InlineData(Mood.TalksNonsense)]
    [InlineData(Mood.NamesAnother)]
    [InlineData(Mood.HasNoRoom)]
    [InlineData(Mood.NeverEnds)]
    [InlineData(Mood.Refuses)]
    public async Task Without_a_good_answer_nothing_is_made_and_it_is_worth_trying_again(Mood mood)
    {
        await using var venues = await MoodyVenues.StartAsync(world.Tenant);
        using var manager = await HostAsync(venues);
        venues.Mood = mood;
        var venueId = Guid.CreateVersion7();
        var since = TimeProvider.System.GetTimestamp();
        using var answer = await manager.PostAsJsonAsync("/api/v1/events", Body(venueId), Cancellation);
        Assert.Equal("dependency_unavailable", await answer.RefusedAsync(HttpStatusCode.ServiceUnavailable));
        Assert.InRange(answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 30);
        Assert.InRange(TimeProvider.System.GetElapsedTime(since).TotalSeconds, 0, 10);
        Assert.Equal(0, await world.Ask<int>("select count(*) from events.events where venue_id = @venueId", new { venueId }));
        using var ready = await manager.GetAsync("/health/ready", Cancellation);
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        // What it refuses it is not asked again; anything else may pass.
        Assert.InRange(venues.Calls, mood is Mood.Refuses ? 1 : 2, mood is Mood.Refuses ? 1 : 3);

        venues.Mood = Mood.Good;
        Assert.Equal("A Moody Hall", (await manager.MakeAsync("/api/v1/events", Body(venueId))).GetProperty("venue").Text("name"));
    }

    [Fact]
    public async Task A_passing_fault_is_not_noticed()
    {
        await using var venues = await MoodyVenues.StartAsync(world.Tenant);
        using var manager = await HostAsync(venues);
        foreach (var mood in new[] { Mood.Fails, Mood.HangsUp, Mood.TalksNonsense, Mood.Slow })
        {
            venues.Next.Enqueue(mood);
            await manager.MakeAsync("/api/v1/events", Body(Guid.CreateVersion7()));
        }
        Assert.Equal(8, venues.Calls);
    }

    [Fact]
    public async Task Another_organisers_venue_is_as_unknown_as_one_that_is_not_there()
    {
        await using var venues = await MoodyVenues.StartAsync(world.OtherTenant);
        using var manager = await HostAsync(venues);
        foreach (var mood in new[] { Mood.Good, Mood.KnowsNothing })
        {
            venues.Mood = mood;
            using var answer = await manager.PostAsJsonAsync("/api/v1/events", Body(Guid.CreateVersion7()), Cancellation);
            Assert.Equal("/venueId: There is no such venue of yours.", (await answer.ReadAsync(HttpStatusCode.UnprocessableEntity)).Text("detail"));
        }
    }

    [Fact]
    public async Task A_service_that_keeps_failing_is_left_alone_for_a_while_and_found_again()
    {
        await using var venues = await MoodyVenues.StartAsync(world.Tenant);
        using var manager = await HostAsync(venues);
        Assert.Equal("0", await MetricAsync(manager, "admitone_neighbours_breaker_open"));
        venues.Mood = Mood.Fails;
        for (var i = 0; i < 6; i++) await manager.PostAsJsonAsync("/api/v1/events", Body(Guid.CreateVersion7()), Cancellation);
        var asked = venues.Calls;
        Assert.InRange(asked, 10, 15);
        Assert.Equal("1", await MetricAsync(manager, "admitone_neighbours_breaker_open"));
        using var kept = await manager.PostAsJsonAsync("/api/v1/events", Body(Guid.CreateVersion7()), Cancellation);
        Assert.Equal("dependency_unavailable", await kept.RefusedAsync(HttpStatusCode.ServiceUnavailable));
        Assert.Equal(asked, venues.Calls);
        Assert.NotEqual("0", await MetricAsync(manager, "admitone_neighbours_asked_total", "not_asked"));

        venues.Mood = Mood.Good;
        await World.UntilAsync(async () => (await manager.PostAsJsonAsync("/api/v1/events", Body(Guid.CreateVersion7()), Cancellation)).StatusCode == HttpStatusCode.Created);
        Assert.Equal("0", await MetricAsync(manager, "admitone_neighbours_breaker_open"));
    }

    [Fact]
    public async Task What_is_known_of_a_venue_serves_while_its_service_is_away()
    {
        await using var venues = await MoodyVenues.StartAsync(world.Tenant);
        using var manager = await HostAsync(venues);
        var id = (await manager.MakeAsync("/api/v1/events", Body(Guid.CreateVersion7()))).Id();
        venues.Mood = Mood.HangsUp;
        var asked = venues.Calls;

        Assert.Equal("A Moody Hall", (await manager.GetJsonAsync($"/api/v1/events/{id}")).GetProperty("venue").Text("name"));
        await manager.MakeAsync($"/api/v1/events/{id}/sections", new { name = "Floor", capacity = 500 });
        using var over = await manager.PostAsJsonAsync($"/api/v1/events/{id}/sections", new { name = "More", capacity = 1 }, Cancellation);
        Assert.Equal("over_venue_capacity", await over.RefusedAsync(HttpStatusCode.UnprocessableEntity));
        await (await EventDesk.EditAsync(manager, HttpMethod.Patch, $"/api/v1/events/{id}", new { name = "Renamed", reEntry = true })).ReadAsync();
        Assert.Equal("A Moody Hall", (await manager.MakeAsync($"/api/v1/events/{id}/copy", new { })).GetProperty("venue").Text("name"));
        Assert.Equal(HttpStatusCode.OK, (await manager.GetAsync($"/api/v1/events/{id}/calendar.ics", Cancellation)).StatusCode);
        Assert.Equal(asked, venues.Calls);

        using var elsewhere = await EventDesk.EditAsync(manager, HttpMethod.Patch, $"/api/v1/events/{id}", new { venueId = Guid.CreateVersion7() });
        Assert.Equal("dependency_unavailable", await elsewhere.RefusedAsync(HttpStatusCode.ServiceUnavailable));
        Assert.NotNull(elsewhere.Headers.RetryAfter);
    }

    private async Task<HttpClient> HostAsync(MoodyVenues venues)
    {
        var host = await world.StartAsync(configuration => AdmitOne.Events.EventsService.Build(configuration), new Dictionary<string, string?>(world.EventsSettings) { ["VENUE_SERVICE_URL"] = venues.Url });
        return world.Client(World.Address(host), Roles.VenueManager);
    }

    private static object Body(Guid venueId)
    {
        var starts = TimeProvider.System.GetUtcNow().AddDays(30);
        return new { name = "A Moody Evening", venueId, startsAt = EventDesk.At(starts), endsAt = EventDesk.At(starts.AddHours(2)), timeZone = "Europe/Amsterdam" };
    }

    private static async Task<string> MetricAsync(HttpClient client, string name, string tag = "neighbour=\"venues\"") =>
        (await client.GetStringAsync("/metrics", Cancellation)).Split('\n').Single(line => line.StartsWith(name, StringComparison.Ordinal) && line.Contains(tag, StringComparison.Ordinal)).Split(' ')[1];

    public enum Mood { Good, KnowsNothing, Slow, Fails, HangsUp, TalksNonsense, NamesAnother, HasNoRoom, NeverEnds, Refuses }

    /// <summary>Somebody else's venue service, which behaves as it is told.</summary>
    private sealed class MoodyVenues(WebApplication app) : IAsyncDisposable
    {
        private int _calls;

        public Mood Mood { get; set; }

        /// <summary>What comes before the mood, call by call.</summary>
        public ConcurrentQueue<Mood> Next { get; } = new();

        public int Calls => _calls;

        public string Url => app.Urls.First();

        public static async Task<MoodyVenues> StartAsync(Guid tenant)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var app = builder.Build();
            var venues = new MoodyVenues(app);
            app.MapGet("/api/v1/venues/{id}", (Guid id, HttpContext context) => venues.AnswerAsync(id, tenant, context));
            await app.StartAsync(Cancellation);
            return venues;
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();

        private async Task AnswerAsync(Guid id, Guid tenant, HttpContext context)
        {
            Interlocked.Increment(ref _calls);
            var mood = Next.TryDequeue(out var next) ? next : Mood;
            switch (mood)
            {
                case Mood.Slow: await Task.Delay(TimeSpan.FromSeconds(30), context.RequestAborted); break;
                case Mood.Fails: context.Response.StatusCode = 500; return;
                case Mood.Refuses: context.Response.StatusCode = 401; return;
                case Mood.KnowsNothing: context.Response.StatusCode = 404; return;
                case Mood.HangsUp: context.Abort(); return;
                case Mood.TalksNonsense: await context.Response.WriteAsync("<html>Welcome!</html>", Cancellation); return;
                case Mood.NeverEnds:
                    for (var i = 0; i < 2000; i++) await context.Response.WriteAsync(new string(' ', 1000), context.RequestAborted);
                    return;
            }
            await context.Response.WriteAsJsonAsync(new
            {
                id = mood is Mood.NamesAnother ? Guid.CreateVersion7() : id, tenantId = tenant, name = "A Moody Hall", address = "2 Quay Street",
                timeZone = "Europe/Amsterdam", maxCapacity = mood is Mood.HasNoRoom ? 0 : 500, colour = "blue",
            }, Cancellation);
        }
    }
}
