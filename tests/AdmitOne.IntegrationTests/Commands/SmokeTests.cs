using System.Net;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Commands;

public sealed class SmokeTests(World world) : IClassFixture<World>
{
    [Fact]
    public async Task It_sells_and_admits_one_ticket_and_leaves_a_cancelled_event()
    {
        var run = await SmokeAsync(world.TicketsUrl, ("ENVIRONMENT", "production"));
        Assert.True(run.ExitCode == 0, run.Output + run.Errors);
        Assert.Equal(9, run.Lines.Count(line => line.StartsWith("ok", StringComparison.Ordinal)));
        Assert.Equal("cancelled", await world.Ask<string>("select status from events.events where name = 'Smoke test' order by created_at desc limit 1"));
        Assert.Equal(1, await world.Ask<int>("select count(*) from tickets.admissions a join tickets.tickets t on t.tenant_id = a.tenant_id and t.id = a.ticket_id join events.events e on e.id = t.event_id where e.name = 'Smoke test'"));
        using var anybody = world.Events();
        Assert.DoesNotContain("Smoke test", await anybody.GetStringAsync("/api/v1/events", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await world.AssertBooksAreRightAsync();
    }

    [Fact]
    public async Task A_service_that_refuses_is_named_and_the_event_is_cancelled_all_the_same()
    {
        // Everything but the purchase works: there is no stock to sell.
        await world.Sql("create function pg_temp_refuse() returns trigger language plpgsql as $$ begin raise exception 'drill'; end $$; create trigger smoke_drill before insert on tickets.orders for each row execute function pg_temp_refuse()");
        var run = await SmokeAsync(world.TicketsUrl);
        await world.Sql("drop trigger smoke_drill on tickets.orders; drop function pg_temp_refuse()");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("failed  bought a ticket", run.Output, StringComparison.Ordinal);
        Assert.Contains("/api/v1/purchases answered 5", run.Errors, StringComparison.Ordinal);
        Assert.Equal(0, await world.Ask<int>("select count(*) from events.events where name = 'Smoke test' and status <> 'cancelled'"));
    }

    [Fact]
    public async Task Nobody_at_home_is_one_line()
    {
        var run = await SmokeAsync(new Uri("http://127.0.0.1:9"));
        Assert.Equal(1, run.ExitCode);
        Assert.Single(run.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private async Task<CommandRun> SmokeAsync(Uri tickets, params (string Name, string? Value)[] more) =>
        await CommandRun.StartAsync(
            [("JWT_SECRET", world.TicketsSettings["JWT_SECRET"]), ("SMOKE_TENANT_ID", world.Tenant.ToString()), .. more],
            "smoke", "--events", world.EventsUrl.ToString(), "--tickets", tickets.ToString(), "--venue", (await world.VenueAsync()).ToString());
}

/// <summary>What operators ask of a service, and how it leaves.</summary>
public sealed class HealthTests(World world) : IClassFixture<World>
{
    [Fact]
    public async Task Breakers_are_shown_and_closed_by_hand()
    {
        using var ops = world.Events("ops");
        var shown = await ops.GetJsonAsync("/health/circuit-breakers");
        Assert.Equal(["ticket-service", "venue-service"], shown.Items("breakers").Select(breaker => breaker.Text("neighbour")));
        Assert.All(shown.Items("breakers"), breaker => Assert.Equal("closed", breaker.Text("state")));
        using var unknown = await ops.PostAsync("/health/circuit-breakers/reset?neighbour=nobody", null, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        using var manager = world.Events("venue_manager");
        using var refused = await manager.GetAsync("/health/circuit-breakers", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
    }
}
