using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using AdmitOne.Cli.Local;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Drills;

/// <summary>Clients that are slow on purpose: hundreds that read or write next to nothing, thousands of idle connections, and small bodies that would unpack to large ones. Buyers beside them are sold to.</summary>
[Trait("Category", "Long")]
public sealed class SlowClientDrillTests(Stack shared)
{
    private const string Command = "UPDATE_DOCS=1 ./test --long --filter-class '*SlowClientDrillTests'";
    private const int Slow = 300;
    private const int Idle = 10_000;
    private const int Bombs = 50;
    private const int UnpackedBytes = 50 * 1024 * 1024;
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_slowestSale = TimeSpan.FromSeconds(10);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Hundreds_of_slow_clients_of_each_kind_stop_no_sale()
    {
        shared.SkipIfMissing();
        await using var world = await World.StartAsync(shared);
        var replica = await world.StartReplicaAsync();
        var sale = await world.PutOnSaleAsync(100_000);
        await using var buyers = new DrillSale(world, sale, replica.Url);
        buyers.Start(buyers: 4);
        await World.UntilAsync(() => Task.FromResult(buyers.Bought.Count >= 10), s_longest);
        var rows = new List<IReadOnlyList<string>>();

        var purchase = Head(replica.Url, "POST /api/v1/purchases", $"Authorization: Bearer {world.Token(Roles.Customer)}", $"Idempotency-Key: {Guid.CreateVersion7()}", "Content-Type: application/json", "Content-Length: 2000");
        // A reader of HTTP/1.1 asks for much, one request behind the other, and takes nothing.
        var page = Head(replica.Url, "GET /openapi/v1.json") + "\r\n";
        await AttackAsync("readers that ask for 20 large pages and take none", string.Concat(Enumerable.Repeat(page, 20)), drip: null, mustEnd: false);
        await AttackAsync("writers of headers, a byte a second", "POST /api/v1/purchases HTTP/1.1\r\nX-Slow: ", drip: "x", mustEnd: true);
        await AttackAsync("writers of a body, a byte a second", purchase + "\r\n{", drip: " ", mustEnd: true);
        // Without TLS the services speak HTTP/1.1 only: what begins as HTTP/2 is refused at once, and has no streams to be slow on.
        await AttackAsync("connections that begin as HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0", drip: null, mustEnd: true);
        rows.Add(await BombsAsync(world, replica, buyers));

        Assert.DoesNotContain(buyers.PutOff.Keys, said => !said.StartsWith("202", StringComparison.Ordinal));
        await DrillChecks.EndAsync(world, sale, buyers);
        new DrillReport("Hundreds of slow clients of each kind", Command,
            [new("clients of each kind at once", $"{Slow}; {Bombs} compressed bodies of {UnpackedBytes / 1024 / 1024} MB"), new("purchases beside them, and of them put off or missing", $"{buyers.Bought.Count}, 0")],
            ["clients", "are cut off after", "slowest purchase beside them", "memory of the service"], rows)
        {
            Outcomes = [new($"{Slow} slow readers or writers at once", "nothing: sales go on", "0 s", ["ConnectionsNearLimit"]), new("Compressed bodies (Content-Encoding)", "415 `unsupported_media_type`, nothing is unpacked", "0 s", [])],
        }.Write("slow-clients");

        async Task AttackAsync(string kind, string first, string? drip, bool mustEnd)
        {
            var begun = DrillSale.Now;
            var clients = await Task.WhenAll(Enumerable.Range(0, Slow).Select(_ => SlowClient.ConnectAsync(replica.Url, first)));
            try
            {
                var ended = await UntilAllEndAsync(clients, drip, mustEnd);
                await buyers.FirstSinceAsync(begun, s_longest);
                rows.Add([kind, ended is null ? "not while they are awaited" : DrillChecks.Seconds(ended.Value), DrillChecks.Seconds(Slowest(buyers, begun)), Memory(replica)]);
            }
            finally
            {
                foreach (var client in clients) client.Dispose();
            }
        }
    }

    [Fact]
    public async Task Ten_thousand_idle_connections_stop_no_sale_and_more_than_the_limit_are_refused()
    {
        shared.SkipIfMissing();
        await using var world = await World.StartAsync(shared);
        var replica = await world.StartReplicaAsync(("MAX_CONNECTIONS", "10500"), ("METRICS_PORT", $"{FreePort.Choose(null)}"));
        var sale = await world.PutOnSaleAsync(100_000);
        await using var buyers = new DrillSale(world, sale, replica.Url);
        buyers.Start(buyers: 4);
        await World.UntilAsync(() => Task.FromResult(buyers.Bought.Count >= 10), s_longest);

        var begun = DrillSale.Now;
        var idle = new List<SlowClient>();
        try
        {
            while (idle.Count < Idle) idle.AddRange(await Task.WhenAll(Enumerable.Range(0, 250).Select(_ => SlowClient.ConnectAsync(replica.Url, ""))));
            await buyers.FirstSinceAsync(DrillSale.Now, s_longest);
            var (slowest, memory) = (Slowest(buyers, begun), Memory(replica));
            Assert.DoesNotContain(buyers.PutOff.Keys, said => !said.StartsWith("202", StringComparison.Ordinal));

            // Beyond the limit a connection is closed at once, and the open ones go on.
            var beyond = await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => SlowClient.ConnectAsync(replica.Url, "")));
            await World.UntilAsync("connections beyond the limit are closed", async () => { await Task.Yield(); return beyond.Any(client => client.HasEnded); }, s_longest);
            foreach (var client in beyond) client.Dispose();
            foreach (var client in idle) client.Dispose();
            var goneAt = DrillSale.Now;
            var goesOn = await buyers.FirstSinceAsync(goneAt, s_longest) - goneAt;
            await DrillChecks.EndAsync(world, sale, buyers);
            new DrillReport("Ten thousand idle connections", Command,
                [
                    new("connections that send nothing", "10 000"),
                    new("slowest purchase beside them", DrillChecks.Seconds(slowest)),
                    new("memory of the service", memory),
                    new("beyond MAX_CONNECTIONS", "closed at once; the open ones go on"),
                    new("from their end until a purchase was answered", DrillChecks.Seconds(goesOn)),
                ], [], [])
            {
                Outcomes = [new("10 000 idle connections", "nothing: sales go on; beyond `MAX_CONNECTIONS` a new connection is closed", "0 s", ["ConnectionsNearLimit"])],
            }.Write("idle-connections");
        }
        finally
        {
            foreach (var client in idle) client.Dispose();
        }
    }

    private static async Task<IReadOnlyList<string>> BombsAsync(World world, ReplicaProcess replica, DrillSale buyers)
    {
        var (begun, bomb) = (DrillSale.Now, await PackAsync(new byte[UnpackedBytes]));
        var before = WorkingSet(replica);
        using var client = world.Client(replica.Url, Roles.Customer);
        await Task.WhenAll(Enumerable.Range(0, Bombs).Select(async _ =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/purchases") { Content = new ByteArrayContent(bomb) };
            request.Headers.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            request.Content.Headers.ContentEncoding.Add("gzip");
            using var answer = await client.SendAsync(request, Cancellation);
            Assert.Equal("unsupported_media_type", await answer.RefusedAsync(HttpStatusCode.UnsupportedMediaType));
            Assert.Equal(["identity"], answer.Headers.GetValues("Accept-Encoding"));
        }));
        Assert.True(WorkingSet(replica) - before < UnpackedBytes, "Something was unpacked.");
        await buyers.FirstSinceAsync(begun, s_longest);
        return [$"{Bombs} bodies of {bomb.Length / 1024} KB, gzip", "answered 415 at once", DrillChecks.Seconds(Slowest(buyers, begun)), Memory(replica)];
    }

    /// <returns>When the last was cut off, since the first was looked at; null if that is not waited for.</returns>
    private static async Task<TimeSpan?> UntilAllEndAsync(IReadOnlyList<SlowClient> clients, string? drip, bool mustEnd)
    {
        var begun = Stopwatch.GetTimestamp();
        for (var beat = 0; clients.Any(client => !client.HasEnded); beat++)
        {
            var elapsed = Stopwatch.GetElapsedTime(begun);
            if (!mustEnd && elapsed > TimeSpan.FromSeconds(3)) return null;
            Assert.True(elapsed < s_longest, $"{clients.Count(client => !client.HasEnded)} clients are still served after {elapsed.TotalSeconds:F0} s");
            if (drip is not null && beat % 10 == 0) foreach (var client in clients) await client.SendAsync(drip);
            await Task.Delay(100, Cancellation);
        }
        return Stopwatch.GetElapsedTime(begun);
    }

    private static TimeSpan Slowest(DrillSale buyers, DateTimeOffset since)
    {
        var slowest = buyers.Bought.Where(bought => bought.AskedAt >= since).Max(bought => bought.AnsweredAt - bought.AskedAt);
        Assert.InRange(slowest, TimeSpan.Zero, s_slowestSale);
        return slowest;
    }

    private static long WorkingSet(ReplicaProcess replica)
    {
        using var process = Process.GetProcessById(replica.Id);
        return process.WorkingSet64;
    }

    private static string Memory(ReplicaProcess replica) => $"{WorkingSet(replica) / 1024 / 1024} MiB";

    private static async Task<byte[]> PackAsync(byte[] bytes)
    {
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize)) await gzip.WriteAsync(bytes, Cancellation);
        return packed.ToArray();
    }

    private static string Head(Uri url, string request, params string[] headers) => string.Join("\r\n", [$"{request} HTTP/1.1", $"Host: {url.Authority}", .. headers, ""]);

    /// <summary>A connection that does next to nothing.</summary>
    private sealed class SlowClient : IDisposable
    {
        // Little is taken before the other side must wait.
        private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };

        /// <summary>Whether the service has answered or closed it: it is not served any more.</summary>
        public bool HasEnded => !_socket.Connected || _socket.Poll(0, SelectMode.SelectRead);

        public static async Task<SlowClient> ConnectAsync(Uri url, string first)
        {
            var client = new SlowClient();
            await client._socket.ConnectAsync(url.Host, url.Port, Cancellation);
            await client.SendAsync(first);
            return client;
        }

        public async Task SendAsync(string text)
        {
            try
            {
                if (text.Length > 0) await _socket.SendAsync(Encoding.Latin1.GetBytes(text), Cancellation);
            }
            catch (SocketException)
            {
                // The service has closed it.
            }
        }

        public void Dispose() => _socket.Dispose();
    }
}
