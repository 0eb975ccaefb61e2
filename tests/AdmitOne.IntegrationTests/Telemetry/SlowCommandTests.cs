using System.Net;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using Dapper;

namespace AdmitOne.IntegrationTests.Telemetry;

/// <summary>What took long is counted under the route, or the lanes, that waited for it.</summary>
public sealed class SlowCommandTests(SlowCommandTests.Impatient world) : IClassFixture<SlowCommandTests.Impatient>
{
    public sealed class Impatient(Stack stack) : World(stack, [("SLOW_COMMAND_MS", "300")]);

    [Fact]
    public async Task A_statement_that_waits_for_a_lock_is_named_by_its_route()
    {
        using var buyer = world.Tickets(Roles.Customer);
        Assert.Equal(HttpStatusCode.OK, (await buyer.GetAsync("/api/v1/tickets", TestContext.Current.CancellationToken)).StatusCode);
        Assert.False(await IsSlowAsync("/api/v1/tickets"));
        Assert.Equal(HttpStatusCode.OK, (await WhileLockedAsync("tickets.tickets", () => buyer.GetAsync("/api/v1/tickets", TestContext.Current.CancellationToken))).StatusCode);
        Assert.True(await IsSlowAsync("/api/v1/tickets"));
    }

    [Fact]
    public async Task A_sale_and_a_scan_that_wait_are_named_by_their_lanes()
    {
        var sale = await world.PutOnSaleAsync(10);
        var bought = await world.BuyCodesAsync(sale);
        Assert.Equal(HttpStatusCode.Created, (await WhileLockedAsync("tickets.section_stock", () => world.HoldAsync(sale))).StatusCode);
        Assert.True(await IsSlowAsync("EventLanes"));

        Assert.Equal(HttpStatusCode.OK, (await WhileLockedAsync("tickets.admissions", () => world.ScanAsync(sale.EventId, bought[0].Code))).StatusCode);
        Assert.True(await IsSlowAsync("ScanLanes"));
    }

    private async Task<bool> IsSlowAsync(string use)
    {
        using var anybody = world.Tickets();
        return (await anybody.GetStringAsync("/metrics", TestContext.Current.CancellationToken)).Contains($"admitone_commands_slow_total{{use=\"{use}", StringComparison.Ordinal);
    }

    private async Task<HttpResponseMessage> WhileLockedAsync(string table, Func<Task<HttpResponseMessage>> askAsync)
    {
        await using var holder = await world.ConnectAsync();
        await using var transaction = await holder.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await holder.ExecuteAsync($"lock table {table} in access exclusive mode", transaction: transaction);
        var waiting = askAsync();
        await World.UntilAsync($"somebody waits for {table}", async () => await world.Ask<bool>($"select exists (select from pg_locks where not granted and relation = '{table}'::regclass)"));
        await Task.Delay(500, TestContext.Current.CancellationToken);
        await transaction.RollbackAsync(TestContext.Current.CancellationToken);
        return await waiting;
    }
}
