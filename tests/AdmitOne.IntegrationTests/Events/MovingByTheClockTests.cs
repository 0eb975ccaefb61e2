using System.Net;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Postgres;
using Dapper;

namespace AdmitOne.IntegrationTests.Events;

public sealed class MovingByTheClockTests(World world) : IClassFixture<World>
{
    private readonly EventDesk _desk = new(world);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_event_goes_on_sale_begins_and_ends_by_itself_and_each_move_says_who_and_why()
    {
        var id = await PublishAsync();
        await ShiftAsync(id, sales: -1, starts: 60, ends: 120);
        await StatusAsync(id, "on_sale");
        await ShiftAsync(id, sales: -60, starts: -1, ends: 120);
        await StatusAsync(id, "in_progress");
        await ShiftAsync(id, sales: -60, starts: -30, ends: -1);
        await StatusAsync(id, "completed");

        var moves = (await HistoryAsync(id)).Items().Skip(1).ToArray();
        Assert.Equal(["on_sale", "in_progress", "completed"], moves.Select(m => m.Text("to")));
        Assert.All(moves, m => Assert.Equal("system", m.Text("by")));
        Assert.Contains("Sales start at", moves[0].Text("reason"), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, (await HistoryAsync(id)).GetProperty("heldUp").ValueKind);
    }

    [Theory]
    [InlineData("published")]
    [InlineData("rescheduled")]
    public async Task What_was_published_never_went_on_sale_and_is_over_is_completed(string state)
    {
        var id = await _desk.CreateInAsync(state);   // it has nothing to sell
        await ShiftAsync(id, sales: -120, starts: -60, ends: -1);
        await StatusAsync(id, "completed");
        var last = (await HistoryAsync(id)).Items()[^1];
        Assert.Equal(("system", "completed"), (last.Text("by"), last.Text("to")));
        Assert.Contains("ended at", last.Text("reason"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Three_replicas_reach_salesStartAt_together_and_one_moves_and_after_a_pause_each_event_catches_up_in_order_once()
    {
        var (together, missed) = (new List<Guid>(), new List<Guid>());
        foreach (var _ in Enumerable.Range(0, 4)) together.Add(await PublishAsync());
        foreach (var _ in Enumerable.Range(0, 8)) missed.Add(await PublishAsync());
        await Task.WhenAll(world.StartEventsReplicaAsync(), world.StartEventsReplicaAsync());

        // Whoever moves first waits at the history for longer than a beat: the others come by while it has the event in hand.
        await using (var slow = await world.ConnectAsync())
        await using (var history = await slow.BeginTransactionAsync(Cancellation))
        {
            await slow.ExecuteAsync("lock table events.event_transitions in exclusive mode", transaction: history);
            foreach (var id in together) await ShiftAsync(id, sales: -1, starts: 60, ends: 120);
            await Task.Delay(2500, Cancellation);
        }
        foreach (var id in together) await StatusAsync(id, "on_sale");

        // Published in time, and then nobody was there while they went on sale, began and ended.
        await world.Sql("""
            update events.event_transitions set at = at - interval '9 hours' where event_id = any (@missed);
            update events.events set sales_start_at = clock_timestamp() - interval '3 hours', doors_at = clock_timestamp() - interval '2 hours', starts_at = clock_timestamp() - interval '2 hours',
                   ends_at = clock_timestamp() - interval '1 hour', sales_end_at = clock_timestamp() - interval '2 hours', updated_at = clock_timestamp() - interval '9 hours' where id = any (@missed)
            """, new { missed });
        foreach (var id in missed) await StatusAsync(id, "completed");

        await world.AllNumberedAsync();
        var told = (await world.NumberedAsync()).ToLookup(m => m.ResourceId, m => m.Type);
        foreach (var (ids, moves) in new[] { (together, new[] { "published", "on_sale" }), (missed, ["published", "on_sale", "in_progress", "completed"]) })
        {
            foreach (var id in ids)
            {
                Assert.Equal(moves, (await HistoryAsync(id)).Items().Select(m => m.Text("to")));
                Assert.Equal(moves.Length + 1, (await _desk.Manager.GetJsonAsync($"/api/v1/events/{id}")).Number("version"));
                Assert.Equal(moves.Select(move => $"event.{move}").Prepend("event.created"), told[id]);
            }
        }
    }

    [Fact]
    public async Task An_event_with_nothing_to_sell_stays_published_says_why_and_goes_on_sale_once_it_has()
    {
        var id = (await _desk.CreateAsync()).Id();
        await _desk.AddSectionAsync(id, "Floor", 100);
        await (await _desk.MoveAsync(id, "published")).ReadAsync();
        await World.UntilAsync(async () => (await HistoryAsync(id)).GetProperty("heldUp").ValueKind == JsonValueKind.String);
        Assert.Contains("ticket type", (await HistoryAsync(id)).Text("heldUp"), StringComparison.Ordinal);
        Assert.Equal("published", (await _desk.Manager.GetJsonAsync($"/api/v1/events/{id}")).Text("status"));

        await _desk.AddTypeAsync(id);
        await world.Sql("update events.events set clock_looks_at = clock_timestamp() where id = @id", new { id });
        await StatusAsync(id, "on_sale");
        Assert.Equal(JsonValueKind.Null, (await HistoryAsync(id)).GetProperty("heldUp").ValueKind);
    }

    [Fact]
    public async Task What_was_published_after_its_start_is_not_put_on_sale_any_more()
    {
        var id = await PublishAsync();
        await ShiftAsync(id, sales: -180, starts: -60, ends: 60);
        await World.UntilAsync(async () => (await HistoryAsync(id)).GetProperty("heldUp").ValueKind == JsonValueKind.String);
        Assert.Contains("startsAt", (await HistoryAsync(id)).Text("heldUp"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_held_up_and_is_edited_after_its_start_is_not_put_on_sale_any_more()
    {
        var id = (await _desk.CreateAsync()).Id();
        await _desk.AddSectionAsync(id, "Floor", 100);
        await (await _desk.MoveAsync(id, "published")).ReadAsync();
        await World.UntilAsync(async () => (await HistoryAsync(id)).GetProperty("heldUp").ValueKind == JsonValueKind.String);
        await ShiftAsync(id, sales: -60, starts: -1, ends: 120);
        await _desk.AddTypeAsync(id);
        await (await _desk.ChangeAsync(id, new { description = "It has begun." })).ReadAsync();
        await World.UntilAsync(async () =>
            await world.Ask<bool>("select clock_looks_at is not null from events.events where id = @id", new { id }));
        Assert.Equal("published", (await _desk.Manager.GetJsonAsync($"/api/v1/events/{id}")).Text("status"));
        Assert.Contains("startsAt", (await HistoryAsync(id)).Text("heldUp"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sales_paused", "in_progress")]
    [InlineData("sold_out", "in_progress")]
    [InlineData("postponed", "postponed")]
    [InlineData("rescheduled", "rescheduled")]
    [InlineData("draft", "draft")]
    public async Task At_the_start_what_is_on_sale_begins_and_nothing_else(string from, string expected)
    {
        var id = await _desk.CreateInAsync(from);
        var other = await PublishAsync();
        await ShiftAsync(id, sales: -60, starts: -1, ends: 60);
        await ShiftAsync(other, sales: -1, starts: 60, ends: 120);
        await StatusAsync(other, "on_sale");   // the clock has looked
        await StatusAsync(id, expected);
    }

    [Fact]
    public async Task An_event_that_cannot_be_moved_holds_up_no_other()
    {
        var (sick, well) = (await PublishAsync(), await PublishAsync());
        await world.Sql($"""
            create function events.be_sick() returns trigger language plpgsql as $f$ begin raise exception 'sick'; end $f$;
            create trigger sick before insert on events.event_transitions for each row when (new.event_id = '{sick}') execute function events.be_sick()
            """);
        await ShiftAsync(sick, sales: -2, starts: 60, ends: 120);
        await ShiftAsync(well, sales: -1, starts: 60, ends: 120);
        await StatusAsync(well, "on_sale");
        Assert.Equal("published", (await _desk.Manager.GetJsonAsync($"/api/v1/events/{sick}")).Text("status"));
        await world.Sql("drop trigger sick on events.event_transitions; drop function events.be_sick(); update events.events set clock_looks_at = null where id = @sick", new { sick });
        await StatusAsync(sick, "on_sale");
        Assert.Equal(1, await world.Ask<int>("select count(*) from platform.audit_log where resource_id = @sick and action = 'event.move' and actor_name = 'clock'", new { sick }));
    }

    [Fact]
    public async Task Who_has_just_published_may_put_it_on_sale_themself()
    {
        var id = await PublishAsync();
        await (await _desk.MoveAsync(id, "on_sale")).ReadAsync();
        Assert.NotEqual("system", (await HistoryAsync(id)).Items()[1].Text("by"));
    }

    [Fact]
    public async Task The_end_of_an_event_waits_for_the_sales_under_way()
    {
        var id = await _desk.CreateInAsync("in_progress");
        await using var sale = await world.ConnectAsync();
        await using (var selling = await sale.BeginTransactionAsync(Cancellation))
        {
            await sale.ExecuteAsync(EventGate.EnterToSell, new { gate = EventGate.Key(id) }, selling);
            await ShiftAsync(id, sales: -60, starts: -30, ends: -1);
            await Task.Delay(1500, Cancellation);
            Assert.Equal("in_progress", (await _desk.Manager.GetJsonAsync($"/api/v1/events/{id}")).Text("status"));
        }
        await StatusAsync(id, "completed");
    }

    private async Task<Guid> PublishAsync()
    {
        var id = (await _desk.CreateAsync(("salesStartAt", EventDesk.At(TimeProvider.System.GetUtcNow().AddDays(1))))).Id();
        await _desk.AddSectionAsync(id, "Floor", 100);
        await _desk.AddTypeAsync(id);
        await (await _desk.MoveAsync(id, "published")).ReadAsync();
        return id;
    }

    // The past cannot be asked for over HTTP once an event is published; minutes from now.
    private Task<int> ShiftAsync(Guid id, int sales, int starts, int ends) => world.Sql("""
        update events.events set sales_start_at = clock_timestamp() + make_interval(mins => @sales), doors_at = clock_timestamp() + make_interval(mins => @starts),
               starts_at = clock_timestamp() + make_interval(mins => @starts), ends_at = clock_timestamp() + make_interval(mins => @ends),
               sales_end_at = greatest(clock_timestamp() + make_interval(mins => @starts), clock_timestamp() + make_interval(mins => @sales) + interval '30 s'),
               updated_at = clock_timestamp() - interval '1 minute'
         where id = @id
        """, new { id, sales, starts, ends });

    private Task<JsonElement> HistoryAsync(Guid id) => _desk.Manager.GetJsonAsync($"/api/v1/events/{id}/transitions", HttpStatusCode.OK);

    private Task StatusAsync(Guid id, string status) =>
        World.UntilAsync(async () => (await _desk.Manager.GetJsonAsync($"/api/v1/events/{id}")).Text("status") == status);
}
