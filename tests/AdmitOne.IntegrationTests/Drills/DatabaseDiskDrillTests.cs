using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Drills;

/// <summary>PostgreSQL's disk is full in mid-sale: buyers are asked to come again, nothing that was sold is lost, and sales go on when there is room.</summary>
[Trait("Category", "Long")]
public sealed class DatabaseDiskDrillTests(Stack shared)
{
    private const string Command = "UPDATE_DOCS=1 ./test --long --filter-class '*DatabaseDiskDrillTests'";

    [Fact]
    public async Task A_full_disk_of_postgresql_puts_sales_off_and_loses_none()
    {
        shared.SkipIfMissing();
        await using var disk = await SmallDisk.MountAsync(mebibytes: 500);
        await using var stack = new Stack(Path.Combine(disk.Path, "stack"));
        await stack.InitializeAsync();
        await using var supervisor = new Supervisor(stack);
        // Redis stands elsewhere: its own disk is not what is full.
        await using var world = await World.StartAsync(stack, ("REDIS_PORT", $"{shared.Redis.Port}"), ("REDIS_PASSWORD", shared.Redis.Password!));
        var sale = await world.PutOnSaleAsync(100_000);
        await using var buyers = new DrillSale(world, sale);
        buyers.Start(buyers: 6);
        await World.UntilAsync(() => Task.FromResult(buyers.Bought.Count >= 30), TimeSpan.FromSeconds(60));

        int bought;
        DateTimeOffset freedAt;
        try
        {
            disk.Fill();
            await World.UntilAsync("a sale is put off", () => Task.FromResult(!buyers.PutOff.IsEmpty), TimeSpan.FromSeconds(60));
            await World.UntilAsync("the metrics say that the disk is full, or that PostgreSQL is away", async () => await AlertsAsync(world), TimeSpan.FromSeconds(30));
            using (var client = world.Tickets()) await client.GetJsonAsync("/health/live");
            bought = buyers.Bought.Count;
        }
        finally
        {
            disk.Free();
            freedAt = DrillSale.Now;
        }
        var sells = await DrillChecks.SellsAgainAsync(world, sale) - freedAt;
        // What was interrupted between payment and tickets is settled by the reconciler, and then found under its key.
        var settled = await buyers.FirstSinceAsync(freedAt, TimeSpan.FromSeconds(90)) - freedAt;

        Assert.All(buyers.PutOff.Keys, said => Assert.Matches("^503 (dependency_unavailable|overloaded)$|^202 |^409 request_in_progress$", said));
        await DrillChecks.EndAsync(world, sale, buyers);
        await DrillChecks.VerifyAsync(world, stack);
        new DrillReport("PostgreSQL's disk full in mid-sale", Command,
            [
                new("purchases answered before", $"{bought}"),
                new("what buyers were answered while it was full", DrillChecks.Said(buyers)),
                new("PostgreSQL ended and was started again by its service manager", supervisor.HasRestarted ? "yes" : "no"),
                new("from there being room until a purchase was answered", DrillChecks.Seconds(sells)),
                new("until those that it interrupted between payment and tickets were settled, too", DrillChecks.Seconds(settled)),
                new("purchases answered, and of them missing", $"{buyers.Bought.Count}, 0"),
                new("admitone verify", "no faults"),
            ], [], [])
        {
            Outcomes = [new("PostgreSQL's disk is full", "503 `dependency_unavailable` with `Retry-After`; 409 `request_in_progress` where the payment had begun", $"{DrillChecks.Seconds(sells)} after there is room", ["DatabaseOutOfSpace", "TicketServiceDatabaseConnectionErrors"])],
        }.Write("database-disk");
    }

    /// <summary>Starts PostgreSQL again when it has ended, as a service manager does: a write-ahead log that cannot be written ends it.</summary>
    private sealed class Supervisor : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();   // without a timer it holds nothing that must be disposed of
        private readonly Task _watching;

        public Supervisor(Stack stack) => _watching = Task.Run(async () =>
        {
            for (; !_stop.IsCancellationRequested; await Task.Delay(200, CancellationToken.None)) HasRestarted |= await stack.RestartPostgresIfEndedAsync();
        });

        public bool HasRestarted { get; private set; }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _watching;
        }
    }

    private static async Task<bool> AlertsAsync(World world) =>
        await DrillChecks.MetricAsync(world, world.TicketsUrl, "admitone_database_statements_refused_total", "out_of_disk") > 0
        || await DrillChecks.MetricAsync(world, world.TicketsUrl, "admitone_database_up") == 0;
}
