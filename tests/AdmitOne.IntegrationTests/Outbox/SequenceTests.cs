using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Outbox;
using Npgsql;

namespace AdmitOne.IntegrationTests.Outbox;

/// <summary>Both services of a world number messages, and so does a third process in the first test.</summary>
public sealed class SequenceTests(World world) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Twenty_writers_of_whom_some_roll_back_get_numbers_without_gaps_in_the_order_of_their_commits()
    {
        await world.StartReplicaAsync();
        var (committed, counter) = (0, 0);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async writer =>
        {
            var database = writer % 2 == 0 ? world.EventsDatabase : world.TicketsDatabase;
            for (var turn = 0; turn < 10; turn++)
            {
                await using var work = await database.BeginAsync(world.Tenant, Cancellation);
                // One after the other through this lock: the order of their commits is known, and is that of n.
                await work.ExecuteAsync("select pg_advisory_xact_lock(4711)", null, Cancellation);
                var n = counter + 1;
                await work.TellAsync("test.told", world.Tenant, new { n }, Cancellation);
                if ((writer + turn) % 3 == 0) continue;   // rolled back, number and all
                counter = n;
                await work.CommitAsync(Cancellation);
                Interlocked.Increment(ref committed);
            }
        }));
        await world.AllNumberedAsync();

        var numbered = (await world.NumberedAsync()).Where(m => m.Type == "test.told").ToList();
        Assert.Equal(committed, numbered.Count);
        Assert.Equal(Enumerable.Range(1, committed), numbered.Select(m => m.N));
        Assert.Equal(Enumerable.Range(0, committed).Select(i => numbered[0].Sequence + i), numbered.Select(m => m.Sequence));
    }

    [Fact]
    public async Task What_commits_late_is_numbered_late_and_leaves_no_hole_before()
    {
        await using var slow = await world.TicketsDatabase.BeginAsync(world.OtherTenant, Cancellation);
        await slow.TellAsync("test.slow", world.OtherTenant, new { n = 1 }, Cancellation);
        await world.TellAsync("test.quick", 2, world.OtherTenant);
        await world.UntilNumberedAsync(world.OtherTenant, 1);
        Assert.Equal([(1L, "test.quick")], (await world.NumberedAsync(world.OtherTenant)).Select(m => (m.Sequence, m.Type)));

        await slow.CommitAsync(Cancellation);
        await world.UntilNumberedAsync(world.OtherTenant, 2);
        Assert.Equal([(1L, "test.quick"), (2L, "test.slow")], (await world.NumberedAsync(world.OtherTenant)).Select(m => (m.Sequence, m.Type)));
    }

    [Fact]
    public async Task A_sequencer_that_dies_in_the_middle_leaves_nothing_half_and_another_goes_on()
    {
        var tenant = await world.NewTenantAsync();
        await using var dying = await world.ConnectAsync();
        await using var transaction = await dying.BeginTransactionAsync(Cancellation);
        await using (var take = new NpgsqlCommand("select pg_advisory_xact_lock(hashtextextended('admitone.number_messages', 0)), pg_backend_pid()", dying))
            await take.ExecuteNonQueryAsync(Cancellation);
        foreach (var n in Enumerable.Range(1, 5)) await world.TellAsync("test.dying", n, tenant);
        int pid;
        await using (var number = new NpgsqlCommand("select max(messages), pg_backend_pid() from platform.number_messages(3)", dying))
        await using (var reader = await number.ExecuteReaderAsync(Cancellation))
        {
            await reader.ReadAsync(Cancellation);
            Assert.Equal(3, reader.GetInt32(0));
            pid = reader.GetInt32(1);
        }
        Assert.Empty(await world.NumberedAsync(tenant));

        await world.Ask<bool>("select pg_terminate_backend(@pid)", new { pid });

        await world.UntilNumberedAsync(tenant, 5);
        Assert.Equal([(1L, 1), (2L, 2), (3L, 3), (4L, 4), (5L, 5)], (await world.NumberedAsync(tenant)).Select(m => (m.Sequence, m.N)));
    }
}
