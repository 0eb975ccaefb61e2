using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Tickets.Lanes;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace AdmitOne.IntegrationTests.Inventory;

/// <summary>Whether a batch committed whose answer was lost is known by the batch's own row, whatever server is asked.</summary>
public sealed class LostCommitTests(World world) : IClassFixture<World>
{
    private const string OwnRow = "insert into tickets.lane_batches (tenant_id, id) values (@Tenant, @batchId)";
    private static readonly Exception s_lost = new IOException("The connection broke after the commit was sent.");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private NpgsqlDataSource Source => world.TicketsServices.GetRequiredService<NpgsqlDataSource>();

    [Fact]
    public async Task What_has_committed_is_found()
    {
        var batchId = Guid.CreateVersion7();
        await world.Sql(OwnRow, new { world.Tenant, batchId });
        Assert.Null((await FindAsync(batchId)).Fault);
        Assert.Null((await FindAsync(batchId)).Fault);
    }

    [Fact]
    public async Task What_is_not_there_did_not_commit_and_cannot_commit_later()
    {
        var batchId = Guid.CreateVersion7();
        await using var batch = await world.ConnectAsync();
        await batch.ExecuteAsync("begin;");
        var end = await FindAsync(batchId);
        Assert.Equal((s_lost, true), (end.Fault, end.NothingKept));

        // The batch was only slow: its own row is refused, and so it is rolled back.
        var refused = await Assert.ThrowsAsync<PostgresException>(() => batch.ExecuteAsync(OwnRow, new { world.Tenant, batchId }));
        Assert.Equal("lane_batches_pkey", refused.ConstraintName);
        // Asking again, as when this answer was lost, too, does not take our own row for the batch's.
        Assert.True((await FindAsync(batchId)).NothingKept);
    }

    [Theory]
    [InlineData("commit;", false)]
    [InlineData("rollback;", true)]
    public async Task What_is_being_committed_is_waited_for(string becomes, bool nothingKept)
    {
        var batchId = Guid.CreateVersion7();
        await using var batch = await world.ConnectAsync();
        await batch.ExecuteAsync("begin;");
        await batch.ExecuteAsync(OwnRow, new { world.Tenant, batchId });
        var finding = FindAsync(batchId);
        await world.UntilWaitingAsync(1);
        Assert.False(finding.IsCompleted);
        await batch.ExecuteAsync(becomes);
        Assert.Equal(nothingKept, (await finding).NothingKept);
    }

    [Fact]
    public async Task After_a_failover_that_lost_it_a_batch_has_not_happened_although_its_transactions_number_is_taken()
    {
        // The new primary gives the number to another transaction, which commits; by the number the lost batch would be taken for committed.
        await using var other = await world.ConnectAsync();
        await other.ExecuteAsync("begin;");
        var number = await other.ExecuteScalarAsync<string>("select pg_current_xact_id()::text");
        await other.ExecuteAsync("commit;");
        Assert.Equal("committed", await world.Ask<string>("select pg_xact_status(@number::text::xid8)", new { number }));
        Assert.True((await FindAsync(Guid.CreateVersion7())).NothingKept);
    }

    [Fact]
    public async Task Old_rows_are_swept_and_void_ones_stay_a_month()
    {
        await world.Sql("""
            insert into tickets.lane_batches (tenant_id, id, is_void, created_at)
            select @Tenant, gen_random_uuid(), void, clock_timestamp() - age from (values (false, interval '2 hours'), (true, interval '2 hours'), (true, interval '31 days'), (false, interval '5 minutes')) v (void, age)
            """, new { world.Tenant });
        var before = await world.Ask<int>("select count(*)::int from tickets.lane_batches");
        await using var service = await Source.OpenConnectionAsync(Cancellation);
        await service.ExecuteAsync("select tickets.sweep_lane_batches(5000)");
        Assert.Equal(before - 2, await world.Ask<int>("select count(*)::int from tickets.lane_batches"));
        Assert.Equal(0, await world.Ask<int>("select count(*)::int from tickets.lane_batches where not is_void and created_at < clock_timestamp() - interval '1 hour'"));
    }

    private Task<BatchEnd> FindAsync(Guid batchId) => new BatchOutcome(Source, TimeProvider.System, NullLogger.Instance).FindAsync(world.Tenant, batchId, s_lost);
}
