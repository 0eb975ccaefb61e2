using System.Net;
using AdmitOne.IntegrationTests.Events;
using AdmitOne.IntegrationTests.Harness;
using Dapper;

namespace AdmitOne.IntegrationTests.Http;

/// <summary>No call is worked on for ever.</summary>
public sealed class TimeLimitTests(TimeLimitTests.Impatient world) : IClassFixture<TimeLimitTests.Impatient>
{
    public sealed class Impatient(Stack stack) : World(stack, [("REQUEST_TIMEOUT_SECONDS", "3")]);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_takes_too_long_is_given_up_and_undone_while_what_is_remembered_is_answered()
    {
        var desk = new EventDesk(world);
        var id = await desk.CreateInAsync("published");
        await desk.Public.GetJsonAsync($"/api/v1/events/{id}");
        await using (var other = await world.ConnectAsync())
        await using (var turnstile = await other.BeginTransactionAsync(Stop))
        {
            await other.ExecuteAsync("select 1 from events.events where id = @id for update", new { id }, turnstile);
            using var slow = await desk.ChangeAsync(id, new { name = "Too late" });
            Assert.Equal("overloaded", await slow.RefusedAsync(HttpStatusCode.ServiceUnavailable));
            Assert.NotNull(slow.Headers.RetryAfter);
            Assert.Equal("An Evening by the River", (await desk.Public.GetJsonAsync($"/api/v1/events/{id}")).Text("name"));
        }
        Assert.Equal("An Evening by the River", (await desk.FindAsync(id)).Text("name"));
        Assert.Equal("In time", (await (await desk.ChangeAsync(id, new { name = "In time" })).ReadAsync()).Text("name"));
    }
}
