using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
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

    /// <summary>The drill of docs/deployment.md; it writes docs/drills/rolling-restart.json when UPDATE_DRILLS=1.</summary>
    [Fact, Trait("Category", "Long")]
    public async Task Three_replicas_are_restarted_in_the_middle_of_a_sale_and_nobody_notices()
    {
        if (Balancer.Program is null) Assert.Skip("haproxy is not installed.");
        var figures = await RestartAsync(replicas: 3, restarts: 3, buyers: 24);
        Assert.True(figures.ShutdownSeconds.Max() < 25);
        await DrillFigures.KeepAsync("rolling-restart.json", figures);
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
            shutdowns.Add(Math.Round(leaving.Elapsed.TotalSeconds, 1));
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
        return new Figures(replicas, restarts, buyers, Math.Round(elapsed.TotalSeconds, 1), seen.Requests, seen.Failed.Count, seen.Tickets.Count, seen.Tickets.Count - kept, shutdowns,
            Math.Round(seen.Slowest * 1000));
    }

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

    /// <param name="LostPurchases">Answered 201 and not in the database.</param>
    private sealed record Figures(
        int Replicas, int Restarts, int Buyers, double Seconds, int Requests, int FailedRequests, int Purchases, int LostPurchases, IReadOnlyList<double> ShutdownSeconds, double SlowestMilliseconds);
}
