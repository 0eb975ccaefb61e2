using System.Globalization;
using System.Net.Sockets;
using System.Text;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Drills;

/// <summary>A replica reaches its container's memory limit: the kernel ends it, or its heap is full. Others sell meanwhile, it sells again by itself, and nothing is lost.</summary>
[Trait("Category", "Long")]
public sealed class MemoryDrillTests(Stack shared)
{
    private const string Command = "UPDATE_DOCS=1 ./test --long --filter-class '*MemoryDrillTests'";
    private const int LimitMebibytes = 512;
    private const int HeapMebibytes = 64;
    private const int Writers = 1000;
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_replica_that_the_kernel_ends_for_its_memory_is_started_again_and_loses_nothing()
    {
        shared.SkipIfMissing();
        using var group = MemoryGroup.Make(LimitMebibytes);
        await using var world = await World.StartAsync(shared);
        var how = new ReplicaStart { Before = group.Enter };
        var replica = await world.StartReplicaAsync(how);
        var sale = await world.PutOnSaleAsync(100_000);
        await using var buyers = new DrillSale(world, sale, replica.Url);
        buyers.Start(buyers: 4);
        await World.UntilAsync(() => Task.FromResult(buyers.Bought.Count >= 20), s_longest);

        // As of a pod that uses more than it asked for: the kernel chooses the replica, and not what shares the group with it.
        await File.WriteAllTextAsync($"/proc/{replica.Id}/oom_score_adj", "1000", Cancellation);
        using var greedy = ServerTools.Start(group.Enter[0], [.. group.Enter.Skip(1), "tail", "/dev/zero"]);
        var endedAt = DrillSale.Now;
        try
        {
            await World.UntilAsync("the kernel has ended the replica", () => Task.FromResult(replica.HasExited), s_longest);
            endedAt = DrillSale.Now;
        }
        finally
        {
            if (!greedy.HasExited) greedy.Kill();
        }
        var others = await DrillChecks.SellsAgainAsync(world, sale) - endedAt;
        await world.StartReplicaAsync(how with { Port = replica.Url.Port });
        var goesOn = await buyers.FirstSinceAsync(endedAt, s_longest) - endedAt;
        await DrillChecks.EndAsync(world, sale, buyers);
        await DrillChecks.VerifyAsync(world, shared);

        new DrillReport("A replica ended by the kernel for its memory, in a control group", Command,
            [
                new("memory that its group may have", $"{LimitMebibytes} MiB"),
                new("from its end until another replica sold", DrillChecks.Seconds(others)),
                new("from its end until it had been started again and sold", DrillChecks.Seconds(goesOn)),
                new("purchases answered, and of them missing", $"{buyers.Bought.Count}, 0"),
            ], [], [])
        {
            Outcomes = [new("A container's memory limit: the kernel ends the replica", "a broken connection; the repeat under the same key finds the order", $"{DrillChecks.Seconds(others)} elsewhere, {DrillChecks.Seconds(goesOn)} on the restarted replica", ["TicketServiceHighRestart", "MemoryNearLimit"])],
        }.Write("memory-killed");
    }

    [Fact]
    public async Task A_heap_that_is_full_puts_requests_off_and_is_free_again_afterwards()
    {
        shared.SkipIfMissing();
        await using var world = await World.StartAsync(shared);
        (string, string?)[] settings = [("DOTNET_GCHeapHardLimit", (HeapMebibytes * 1024 * 1024).ToString("x", CultureInfo.InvariantCulture)), ("REQUEST_TIMEOUT_SECONDS", "10")];
        var replica = await world.StartReplicaAsync(settings);
        var sale = await world.PutOnSaleAsync(100_000);
        await using var buyers = new DrillSale(world, sale, replica.Url);
        buyers.Start(buyers: 4);
        await World.UntilAsync(() => Task.FromResult(buyers.Bought.Count >= 20), s_longest);

        var writers = await HoldBodiesAsync(world, replica.Url);
        await World.UntilAsync("the writers have been given up, or the replica has ended", async () => replica.HasExited || await AreAllAnsweredAsync(writers), s_longest);
        writers.ForEach(writer => writer.Dispose());
        var freeAt = DrillSale.Now;
        var ended = replica.HasExited;
        if (ended) await world.StartReplicaAsync(new ReplicaStart { Port = replica.Url.Port }, settings);
        var goesOn = await buyers.FirstSinceAsync(freeAt, s_longest) - freeAt;
        Assert.All(buyers.PutOff.Keys, said => Assert.Matches("^503 (overloaded|dependency_unavailable)$|^202 |^409 request_in_progress$", said));
        await DrillChecks.EndAsync(world, sale, buyers);
        await DrillChecks.VerifyAsync(world, shared);

        new DrillReport("A replica whose heap is full (DOTNET_GCHeapHardLimit)", Command,
            [
                new("heap that it may have", $"{HeapMebibytes} MiB"),
                new("callers that sent 60 KB of a body and then nothing", $"{Writers}"),
                new("the process ended", ended ? "yes, and was started again" : "no"),
                new("what buyers were answered meanwhile", DrillChecks.Said(buyers)),
                new("from the callers' end until a purchase was answered", DrillChecks.Seconds(goesOn)),
                new("purchases answered, and of them missing", $"{buyers.Bought.Count}, 0"),
            ], [], [])
        {
            Outcomes = [new("A replica's heap is full", DrillChecks.Said(buyers), $"{DrillChecks.Seconds(goesOn)} after the load ends", ["MemoryNearLimit"])],
        }.Write("memory-heap");
    }

    /// <summary>Sends most of a body on each connection, and keeps it open.</summary>
    private static async Task<List<TcpClient>> HoldBodiesAsync(World world, Uri url)
    {
        var body = new byte[60_000];
        Array.Fill(body, (byte)' ');
        var writers = new List<TcpClient>();
        for (var n = 0; n < Writers; n++)
        {
            var writer = new TcpClient();
            writers.Add(writer);
            try
            {
                await writer.ConnectAsync(url.Host, url.Port, Cancellation);
                var head = $"POST /api/v1/purchases HTTP/1.1\r\nHost: {url.Authority}\r\nAuthorization: Bearer {world.Token(Roles.Customer)}\r\nIdempotency-Key: {Guid.CreateVersion7()}\r\n"
                    + "Content-Type: application/json\r\nContent-Length: 64000\r\n\r\n";
                await writer.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head), Cancellation);
                await writer.GetStream().WriteAsync(body, Cancellation).AsTask().WaitAsync(TimeSpan.FromSeconds(2), Cancellation);
            }
            catch (Exception refused) when (refused is SocketException or IOException or TimeoutException)
            {
                // The replica takes no more.
            }
        }
        return writers;
    }

    private static async Task<bool> AreAllAnsweredAsync(List<TcpClient> writers)
    {
        await Task.Delay(200, Cancellation);
        return writers.All(writer => !writer.Connected || writer.Available > 0 || writer.Client.Poll(0, SelectMode.SelectRead));
    }
}
