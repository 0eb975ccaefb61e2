using System.Net;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using Dapper;

namespace AdmitOne.IntegrationTests.Telemetry;

/// <summary>What took long is counted under the route that waited for it.</summary>
public sealed class SlowCommandTests(SlowCommandTests.Impatient world) : IClassFixture<SlowCommandTests.Impatient>
{
    public sealed class Impatient(Stack stack) : World(stack, [("SLOW_COMMAND_MS", "300")]);

    [Fact]
    public async Task A_statement_that_waits_for_a_lock_is_named_by_its_route()
    {
        using var buyer = world.Tickets(Roles.Customer);
        using var anybody = world.Tickets();
        Assert.Equal(HttpStatusCode.OK, (await buyer.GetAsync("/api/v1/tickets", TestContext.Current.CancellationToken)).StatusCode);
        Assert.DoesNotContain("use=\"/api/v1/tickets", await anybody.GetStringAsync("/metrics", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await using (var holder = await world.ConnectAsync())
        {
            await using var transaction = await holder.BeginTransactionAsync(TestContext.Current.CancellationToken);
            await holder.ExecuteAsync("lock table tickets.tickets in access exclusive mode", transaction: transaction);
            var waiting = buyer.GetAsync("/api/v1/tickets", TestContext.Current.CancellationToken);
            await World.UntilAsync("the list waits for the lock", async () => await world.Ask<bool>("select exists (select from pg_locks where not granted and relation = 'tickets.tickets'::regclass)"));
            await Task.Delay(500, TestContext.Current.CancellationToken);
            await transaction.RollbackAsync(TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, (await waiting).StatusCode);
        }
        Assert.Contains("admitone_commands_slow_total{use=\"/api/v1/tickets", await anybody.GetStringAsync("/metrics", TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }
}
