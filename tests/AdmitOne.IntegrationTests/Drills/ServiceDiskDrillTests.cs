using System.Net;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Drills;

/// <summary>What a service writes itself, its log and temporary files, has no room, or its output is a pipe that nothing reads: it sells on, and the log goes on by itself.</summary>
[Trait("Category", "Long")]
public sealed class ServiceDiskDrillTests(Stack shared)
{
    private const string Command = "UPDATE_DOCS=1 ./test --long --filter-class '*ServiceDiskDrillTests'";
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_full_disk_of_a_service_stops_its_log_and_no_sale()
    {
        shared.SkipIfMissing();
        await using var disk = await SmallDisk.MountAsync(mebibytes: 16);
        await using var world = await World.StartAsync(shared);
        var log = Path.Combine(disk.Path, "tickets.log");
        var replica = await world.StartReplicaAsync(("LOG_FILE", log), ("TMPDIR", disk.Path));
        var sale = await world.PutOnSaleAsync(100_000);
        await using var buyers = new DrillSale(world, sale, replica.Url);
        buyers.Start(buyers: 4);
        await World.UntilAsync(() => Task.FromResult(buyers.Bought.Count >= 10), s_longest);

        disk.Fill();
        await World.UntilAsync("the metrics say that the log is not written", async () =>
        {
            await RefusedAsync(world, replica.Url);   // each is a line
            return await DrillChecks.MetricAsync(world, replica.Url, "admitone_log_stalled_seconds") > 2;
        }, s_longest);
        var filledAt = DrillSale.Now;
        await buyers.FirstSinceAsync(filledAt, s_longest);
        await LargeBodyIsReadAsync(world, replica.Url, sale);
        var (full, bought) = (new FileInfo(log).Length, buyers.Bought.Count);

        disk.Free();
        var freedAt = DrillSale.Now;
        await World.UntilAsync("lines are written again", async () => new FileInfo(log).Length > full && await DrillChecks.MetricAsync(world, replica.Url, "admitone_log_stalled_seconds") == 0, s_longest);
        var written = DrillSale.Now - freedAt;
        Assert.All(await ReadLinesAsync(log), line => Assert.StartsWith("{", line, StringComparison.Ordinal));
        Assert.Equal(0, await DrillChecks.MetricAsync(world, replica.Url, "admitone_log_dropped_total"));
        Assert.DoesNotContain(buyers.PutOff.Keys, said => !said.StartsWith("202", StringComparison.Ordinal));
        await DrillChecks.EndAsync(world, sale, buyers);
        await DrillChecks.VerifyAsync(world, shared);

        new DrillReport("A service's own disk full: its log and its temporary files", Command,
            [
                new("purchases while it was full", $"{bought}, none put off"),
                new("from there being room until the log was written", DrillChecks.Seconds(written)),
                new("lines of the log that were lost, of fewer than 10 000 that waited", "0"),
                new("purchases answered, and of them missing", $"{buyers.Bought.Count}, 0"),
            ], [], [])
        {
            Outcomes = [new("A service's own disk is full", "nothing: sales go on", "0 s; the log is written " + DrillChecks.Seconds(written) + " after there is room", ["LogNotWritten"])],
        }.Write("service-disk");
    }

    [Fact]
    public async Task A_log_that_nothing_reads_stops_no_sale_and_no_orderly_end()
    {
        shared.SkipIfMissing();
        await using var world = await World.StartAsync(shared);
        var replica = await world.StartReplicaAsync(new ReplicaStart { ReadsOutput = false }, ("LOG_FILE", null), ("LOG_LEVEL", "debug"));
        var sale = await world.PutOnSaleAsync(100_000);
        await using var buyers = new DrillSale(world, sale, replica.Url);
        buyers.Start(buyers: 4);
        await World.UntilAsync("the metrics say that the log is not written", async () =>
        {
            await RefusedAsync(world, replica.Url);
            return await DrillChecks.MetricAsync(world, replica.Url, "admitone_log_stalled_seconds") > 2;
        }, s_longest);
        await buyers.FirstSinceAsync(DrillSale.Now, s_longest);
        Assert.DoesNotContain(buyers.PutOff.Keys, said => !said.StartsWith("202", StringComparison.Ordinal));
        await DrillChecks.EndAsync(world, sale, buyers);

        var toldAt = DrillSale.Now;
        Assert.Equal(0, await replica.StopAsync().WaitAsync(s_longest, Cancellation));
        var left = DrillSale.Now - toldAt;
        await DrillChecks.VerifyAsync(world, shared);
        new DrillReport("A log whose reader has stopped: standard output is a pipe that nothing reads", Command,
            [
                new("purchases answered, and of them put off", $"{buyers.Bought.Count}, 0"),
                new("from SIGTERM until the process had left with exit code 0", DrillChecks.Seconds(left)),
            ], [], [])
        {
            Outcomes = [new("The reader of the log has stopped", "nothing: sales go on", "0 s", ["LogNotWritten"])],
        }.Write("log-sink");
    }

    private static async Task RefusedAsync(World world, Uri replica)
    {
        using var client = world.Client(replica);
        using var refused = await client.GetAsync("/api/v1/orders", Cancellation);
    }

    /// <summary>A body of nearly 64 KiB with an Idempotency-Key is read twice, which must need no disk.</summary>
    private static async Task LargeBodyIsReadAsync(World world, Uri replica, Sale sale)
    {
        using var client = world.Client(replica, Roles.Customer, tenant: sale.Tenant);
        using var answer = await client.PostAsync("/api/v1/purchases", new { eventId = sale.EventId, nothing = new string('x', 60_000) }, ("Idempotency-Key", Guid.CreateVersion7().ToString()));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    private static async Task<string[]> ReadLinesAsync(string path)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        var text = await reader.ReadToEndAsync(Cancellation);
        return text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
