using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.IntegrationTests.Telemetry;

/// <summary>An unhandled fault reaches whom SENTRY_DSN names, without a word about anybody, and no request waits for it.</summary>
public sealed class SentryTests(Stack stack)
{
    private const string Canary = "canary91c2d7";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_fault_arrives_with_its_place_its_route_and_its_trace_and_without_anything_personal()
    {
        stack.SkipIfMissing();
        await using var sentry = await SentryServer.StartAsync();
        await using var world = await FaultyWorldAsync(sentry);
        using var buyer = world.Tickets(Roles.Customer);
        buyer.DefaultRequestHeaders.Add("X-Canary", Canary);
        using var answer = await buyer.GetAsync("/api/v1/tickets", Stop);
        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        await World.UntilAsync(() => Task.FromResult(!sentry.Arrived.IsEmpty));

        var arrived = sentry.Arrived.First();
        Assert.Equal(("/api/42/envelope/", "application/x-sentry-envelope"), (arrived.Path, arrived.ContentType));
        Assert.Contains("sentry_version=7", arrived.Auth, StringComparison.Ordinal);
        Assert.Contains("sentry_key=public7key", arrived.Auth, StringComparison.Ordinal);
        var lines = arrived.Text.Split('\n');
        Assert.Equal(JsonDocument.Parse(lines[1]).RootElement.GetProperty("length").GetInt32(), Encoding.UTF8.GetByteCount(lines[2]));
        Assert.Equal(JsonDocument.Parse(lines[0]).RootElement.Text("event_id"), arrived.Event.Text("event_id"));
        Assert.Equal("/api/v1/tickets", arrived.Event.Text("transaction").TrimEnd('/'));
        Assert.Equal(answer.Headers.GetValues("X-Request-Id").Single(), arrived.Event.GetProperty("contexts").GetProperty("trace").Text("trace_id"));
        Assert.Equal(("development", "error"), (arrived.Event.Text("environment"), arrived.Event.Text("level")));
        Assert.NotEmpty(arrived.Event.Text("release"));
        var innermost = arrived.Event.GetProperty("exception").GetProperty("values").EnumerateArray().Last();
        Assert.Equal("PostgresException", innermost.Text("type"));
        Assert.StartsWith("22P02", innermost.Text("value"), StringComparison.Ordinal);
        Assert.Contains(innermost.GetProperty("stacktrace").GetProperty("frames").EnumerateArray(), frame => frame.GetProperty("in_app").GetBoolean());
        Assert.DoesNotContain(Canary, arrived.Text, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData(StatusCodes.Status500InternalServerError, null)]
    [InlineData(StatusCodes.Status429TooManyRequests, 30)]
    public async Task Who_asks_for_a_pause_gets_one_and_the_pause_is_counted(int status, int? retryAfterSeconds)
    {
        stack.SkipIfMissing();
        await using var sentry = await SentryServer.StartAsync();
        sentry.Manner = (status, TimeSpan.Zero, retryAfterSeconds);
        await using var world = await FaultyWorldAsync(sentry);
        using var buyer = world.Tickets(Roles.Customer);
        await FailAsync(buyer);
        await World.UntilAsync(async () => await CountAsync(world, "refused") == 1);
        for (var i = 0; i < 5; i++) await FailAsync(buyer);
        await World.UntilAsync(async () => await CountAsync(world, "dropped") >= 4);   // after 500 the first pause is one second
        Assert.InRange(sentry.Arrived.Count, 1, retryAfterSeconds is null ? 2 : 1);
    }

    [Fact]
    public async Task A_slow_sentry_holds_nobody_up()
    {
        stack.SkipIfMissing();
        await using var sentry = await SentryServer.StartAsync();
        sentry.Manner = (StatusCodes.Status200OK, TimeSpan.FromSeconds(4), null);
        await using var world = await FaultyWorldAsync(sentry);
        using var buyer = world.Tickets(Roles.Customer);
        for (var i = 0; i < 120; i++) await FailAsync(buyer);
        // One is on its way, a hundred wait, the others were dropped: had one of them been waited for, it would have taken minutes.
        Assert.InRange(sentry.Arrived.Count, 0, 60);
        Assert.True(await CountAsync(world, "dropped") >= 10);
    }

    private static async Task FailAsync(HttpClient buyer)
    {
        using var answer = await buyer.GetAsync("/api/v1/tickets", Stop);
        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
    }

    // Whoever lists tickets meets a fault that has what they typed, or somebody's name, in its text.
    private async Task<World> FaultyWorldAsync(SentryServer sentry)
    {
        var world = await World.StartAsync(stack, ("SENTRY_DSN", sentry.Dsn));
        await world.Sql($"create policy faulty on tickets.tickets as restrictive for select to public using (('{Canary}@people.example' || '')::uuid is not null)");
        return world;
    }

    private static async Task<double> CountAsync(World world, string outcome)
    {
        using var client = world.Tickets();
        var text = await client.GetStringAsync("/metrics", Stop);
        var line = text.Split('\n').FirstOrDefault(line => line.StartsWith($"admitone_faults_reported_total{{outcome=\"{outcome}\"}}", StringComparison.Ordinal));
        return line is null ? 0 : double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
    }
}
