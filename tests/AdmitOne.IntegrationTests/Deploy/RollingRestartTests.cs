using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.IntegrationTests.Drills;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Deploy;

/// <summary>A new version goes out during a sale: every replica is told to stop, one after the other, behind a real balancer.</summary>
public sealed class RollingRestartTests(World world) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_replica_that_is_told_to_stop_leaves_no_request_unanswered()
    {
        if (Balancer.Program is null) Assert.Skip("haproxy is not installed.");
        // Two replicas, one of which goes; a wait of two seconds is enough for this balancer, which looks twice a second.
        var figures = await RestartAsync(replicas: 2, restarts: 1, buyers: 8, ("SHUTDOWN_WAIT_SECONDS", "2"));
        Assert.True(figures.ShutdownSeconds.Max() < 25);
    }

    /// <summary>The drill of docs/upgrade.md.</summary>
    [Fact, Trait("Category", "Long")]
    public async Task Three_replicas_are_restarted_in_the_middle_of_a_sale_and_nobody_notices()
    {
        if (Balancer.Program is null) Assert.Skip("haproxy is not installed.");
        var figures = await RestartAsync(replicas: 3, restarts: 3, buyers: 24);
        Assert.True(figures.ShutdownSeconds.Max() < 25);
        Report(figures);
    }

    private async Task<Figures> RestartAsync(int replicas, int restarts, int buyers, params (string Name, string? Value)[] settings)
    {
        var sale = await world.PutOnSaleAsync(quantity: 200_000);
        var running = await Task.WhenAll(Enumerable.Range(0, replicas).Select(_ => world.StartReplicaAsync(settings)));
        await using var balancer = await Balancer.StartAsync(running.Select(replica => replica.Url.Port), Cancellation);
        using var over = new CancellationTokenSource();
        var seen = new Seen();
        var crowd = Enumerable.Range(0, buyers).Select(_ => BuyUntilAsync(balancer.Url, sale, seen, over.Token)).ToArray();
        var clock = Stopwatch.StartNew();
        await Task.Delay(TimeSpan.FromSeconds(1), Cancellation);

        var shutdowns = new List<double>();
        foreach (var old in running.Take(restarts))
        {
            var leaving = Stopwatch.StartNew();
            Assert.Equal(0, await old.StopAsync());
            shutdowns.Add(leaving.Elapsed.TotalSeconds);
            await world.StartReplicaOnAsync(old.Url.Port, settings);
            // As an orchestrator does: the next goes when this one takes requests, which the balancer sees after two looks.
            await Task.Delay(TimeSpan.FromSeconds(1.5), Cancellation);
        }

        await over.CancelAsync();
        await Task.WhenAll(crowd);
        var elapsed = clock.Elapsed;
        Assert.True(seen.Failed.IsEmpty, $"{seen.Failed.Count} failed of {seen.Requests}: {string.Join("; ", seen.Failed.Take(5))}");
        Assert.True(seen.Tickets.Count > buyers, $"Only {seen.Tickets.Count} purchases were made.");

        // What was answered is there, with its ticket; what is there was answered.
        var kept = await world.Ask<int>("select count(*) from tickets.orders o join tickets.tickets t on t.tenant_id = o.tenant_id and t.order_id = o.id where o.event_id = @EventId and o.status = 'paid'", sale);
        Assert.Equal(seen.Tickets.Count, kept);
        Assert.Equal(seen.Tickets.Count, seen.Tickets.Distinct().Count());
        await world.AssertBooksAreRightAsync(sale.EventId);
        return new Figures(replicas, buyers, elapsed, seen.Requests, seen.Tickets.Count, shutdowns, seen.Slowest);
    }

    private static void Report(Figures figures) => new DrillReport(
        "Three replicas behind haproxy restarted in mid-sale, one after the other", "UPDATE_DOCS=1 ./test --long --filter-class '*RollingRestartTests'",
        [
            new("replicas, each told to stop by SIGTERM and started again", Text(figures.Replicas)),
            new("buyers without a pause", Text(figures.Buyers)),
            new("the drill took", Seconds(figures.Took.TotalSeconds)),
            new("requests", figures.Requests.ToString("N0", CultureInfo.InvariantCulture)),
            new("of them failed", "0"),
            new("purchases answered", figures.Purchases.ToString("N0", CultureInfo.InvariantCulture)),
            new("of them missing in the database", "0"),
            new("from SIGTERM until the process had left with exit code 0", string.Join(", ", figures.ShutdownSeconds.Select(Seconds))),
            new("slowest answer", Seconds(figures.SlowestSeconds)),
        ], [], []).Write("rolling-restart");

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Seconds(double seconds) => $"{seconds.ToString("F1", CultureInfo.InvariantCulture)} s";

    /// <summary>Buys, reads, and buys again on one connection, as an app does. Whatever is not the answer it wants is a failure.</summary>
    private async Task BuyUntilAsync(Uri balancer, Sale sale, Seen seen, CancellationToken over)
    {
        using var client = new HttpClient(new SocketsHttpHandler()) { BaseAddress = balancer, Timeout = TimeSpan.FromSeconds(40) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", world.Token(Roles.Customer));
        while (!over.IsCancellationRequested)
        {
            using var purchase = new HttpRequestMessage(HttpMethod.Post, "/api/v1/purchases")
            {
                Content = JsonContent.Create(new { eventId = sale.EventId, items = new[] { new { ticketTypeId = sale.TicketTypeId, quantity = 1 } }, payment = new { method = "test", token = "tok_ok" } }),
                Headers = { { "Idempotency-Key", Guid.CreateVersion7().ToString() } },
            };
            if (await seen.AskAsync(client, purchase, HttpStatusCode.Created) is { } bought) seen.Tickets.Add(JsonElement.Parse(bought).GetProperty("tickets")[0].GetProperty("id").GetGuid());
            using var list = new HttpRequestMessage(HttpMethod.Get, "/api/v1/tickets?limit=5");
            await seen.AskAsync(client, list, HttpStatusCode.OK);
            await Task.Delay(20, CancellationToken.None);
        }
    }

    private sealed class Seen
    {
        private int _requests;
        private double _slowest;

        public int Requests => _requests;

        public double Slowest => _slowest;

        public ConcurrentBag<string> Failed { get; } = [];

        public ConcurrentBag<Guid> Tickets { get; } = [];

        public async Task<string?> AskAsync(HttpClient client, HttpRequestMessage request, HttpStatusCode wanted)
        {
            var clock = Stopwatch.StartNew();
            Interlocked.Increment(ref _requests);
            try
            {
                using var answer = await client.SendAsync(request, CancellationToken.None);
                var body = await answer.Content.ReadAsStringAsync(CancellationToken.None);
                if (clock.Elapsed.TotalSeconds > _slowest) _slowest = clock.Elapsed.TotalSeconds;
                if (answer.StatusCode == wanted) return body;
                Failed.Add($"{request.Method} {request.RequestUri} {(int)answer.StatusCode} {body[..Math.Min(120, body.Length)]}");
            }
            catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException)
            {
                Failed.Add($"{request.Method} {request.RequestUri} {fault.Message}");
            }
            return null;
        }
    }

    private sealed record Figures(int Replicas, int Buyers, TimeSpan Took, int Requests, int Purchases, IReadOnlyList<double> ShutdownSeconds, double SlowestSeconds);
}
