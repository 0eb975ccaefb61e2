using System.Net;
using System.Net.Http.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Neighbours;
using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Outbound;
using Microsoft.Extensions.Options;

namespace AdmitOne.IntegrationTests.Neighbours;

public sealed class MintingTests(World world) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Jobs_are_kept_with_all_that_was_said_and_a_repeated_one_only_once()
    {
        var (jobId, ticketId) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var body = new { jobs = new[] { new { jobId, ticketId, eventName = "An Evening by the River" } } };
        for (var attempt = 0; attempt < 2; attempt++)
            Assert.Equal(1, (await (await MintAsync(body)).ReadAsync(HttpStatusCode.Accepted)).Number("accepted"));
        Assert.Equal(1, await world.Ask<int>("""
            select count(*) from neighbours.mint_jobs
             where id = @jobId and ticket_id = @ticketId and tenant_id = @Tenant and details ->> 'eventName' = 'An Evening by the River'
            """, new { jobId, ticketId, world.Tenant }));
    }

    [Fact]
    public async Task A_call_that_is_not_signed_by_the_ticket_service_is_refused()
    {
        var body = new { jobs = new[] { new { jobId = Guid.CreateVersion7(), ticketId = Guid.CreateVersion7() } } };
        using var plain = world.Client(world.MintingUrl);
        using var unsigned = await plain.PostAsync("/internal/mint", body);
        Assert.Equal("bad_signature", await unsigned.RefusedAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("bad_signature", await (await MintAsync(body, "event-service")).RefusedAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("bad_signature", await (await MintAsync(body, key: "another-key-of-more-than-thirty-two-characters")).RefusedAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("stale_timestamp", await (await MintAsync(body, age: TimeSpan.FromSeconds(61))).RefusedAsync(HttpStatusCode.Unauthorized));
    }

    [Fact]
    public async Task A_call_that_is_sent_again_as_it_was_is_refused()
    {
        var recorder = new Recorder();
        var body = new { jobs = new[] { new { jobId = Guid.CreateVersion7(), ticketId = Guid.CreateVersion7() } } };
        using var first = await MintAsync(body, recorder: recorder);
        Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);

        using var client = world.Client(world.MintingUrl);
        var replay = new HttpRequestMessage(HttpMethod.Post, "/internal/mint") { Content = JsonContent.Create(body) };
        foreach (var (name, value) in recorder.Signature) replay.Headers.TryAddWithoutValidation(name, value);
        using var second = await client.SendAsync(replay, Cancellation);
        Assert.Equal("nonce_reused", await second.RefusedAsync(HttpStatusCode.Unauthorized));
    }

    [Fact]
    public async Task More_than_a_hundred_jobs_are_refused_and_none_too()
    {
        foreach (var count in new[] { 0, 101 })
        {
            var body = new { jobs = Enumerable.Range(0, count).Select(_ => new { jobId = Guid.CreateVersion7(), ticketId = Guid.CreateVersion7() }) };
            Assert.Equal("validation_failed", await (await MintAsync(body)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        }
    }

    [Fact]
    public async Task Jobs_survive_a_restart()
    {
        var jobId = Guid.CreateVersion7();
        var body = new { jobs = new[] { new { jobId, ticketId = Guid.CreateVersion7() } } };
        var first = await world.StartAsync(MintingNeighbour.Build, world.NeighbourSettings);
        // It may not have found Redis yet, without which it takes no signed call.
        await World.UntilAsync("it takes the jobs", async () =>
            (await MintAsync(body, url: World.Address(first))).StatusCode == HttpStatusCode.Accepted);
        await first.StopAsync(Cancellation);
        var second = await world.StartAsync(MintingNeighbour.Build, world.NeighbourSettings);
        await World.UntilAsync("it takes the jobs", async () =>
            (await MintAsync(body, url: World.Address(second))).StatusCode == HttpStatusCode.Accepted);
        Assert.Equal(1, await world.Ask<int>("select count(*) from neighbours.mint_jobs where id = @jobId", new { jobId }));
    }

    /// <summary>Sends it as the Ticket Service's own client would, through the platform's handler.</summary>
    private async Task<HttpResponseMessage> MintAsync(
        object body, string service = "ticket-service", string? key = null, TimeSpan age = default, Recorder? recorder = null, Uri? url = null)
    {
        var options = Options.Create(new ServiceOptions { InternalApiKey = key ?? world.TicketsSettings["INTERNAL_API_KEY"]! });
        recorder ??= new Recorder();
        recorder.InnerHandler = new SocketsHttpHandler();
        using var client = new HttpClient(new SigningHandler(service, options, new Late(age)) { InnerHandler = recorder }) { BaseAddress = url ?? world.MintingUrl };
        var request = new HttpRequestMessage(HttpMethod.Post, "/internal/mint") { Content = JsonContent.Create(body) };
        request.Options.Set(SigningHandler.Tenant, world.Tenant);
        return await client.SendAsync(request, Cancellation);
    }

    private sealed class Late(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() - by;
    }

    /// <summary>Remembers the headers that were sent last.</summary>
    private sealed class Recorder : DelegatingHandler
    {
        public IReadOnlyList<(string Name, string Value)> Signature { get; private set; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Signature = [.. request.Headers.Where(h => h.Key.StartsWith("X-", StringComparison.Ordinal)).Select(h => (h.Key, h.Value.Single()))];
            return base.SendAsync(request, cancellationToken);
        }
    }
}
