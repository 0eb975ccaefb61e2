using System.Net;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using Dapper;

namespace AdmitOne.IntegrationTests.Events;

public sealed class MovingEventsTests(World world) : IClassFixture<World>
{
    private static readonly Dictionary<string, string[]> s_table = new()
    {
        ["draft"] = ["review", "published", "cancelled"],
        ["review"] = ["approved", "draft", "cancelled"],
        ["approved"] = ["published", "draft", "cancelled"],
        ["published"] = ["on_sale", "postponed", "cancelled"],
        ["on_sale"] = ["sales_paused", "sold_out", "in_progress", "postponed", "cancelled"],
        ["sales_paused"] = ["on_sale", "in_progress", "postponed", "cancelled"],
        ["sold_out"] = ["on_sale", "sales_paused", "in_progress", "postponed", "cancelled"],
        ["in_progress"] = ["completed", "cancelled"],
        ["completed"] = [],
        ["postponed"] = ["rescheduled", "cancelled"],
        ["rescheduled"] = ["published", "on_sale", "cancelled"],
        ["cancelled"] = [],
    };

    private readonly EventDesk _desk = new(world);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_144_pairs_of_states_were_tried_for_each_of_6_callers_and_the_table_decided()
    {
        var tried = 0;
        await Parallel.ForEachAsync(s_table.Keys, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Cancellation }, async (from, _) =>
        {
            foreach (var role in new[] { Roles.VenueManager, Roles.Admin }) Interlocked.Add(ref tried, await TryAllAsync(from, role));
            var stays = await CreateReadyAsync(from);
            foreach (var role in new[] { Roles.Customer, Roles.VenueStaff, Roles.Ops, null }) Interlocked.Add(ref tried, await RefuseAllAsync(stays, role));
            Assert.Equal(from, (await _desk.Manager.GetJsonAsync($"/api/v1/events/{stays}")).Text("status"));
        });
        Assert.Equal(144 * 6, tried);
        TestContext.Current.SendDiagnosticMessage("The state table: {0} moves tried, {1} of them allowed", tried, 2 * s_table.Sum(row => row.Value.Length));
    }

    [Fact]
    public async Task Each_of_the_28_allowed_moves_made_by_two_managers_at_once_is_made_once()
    {
        var raced = 0;
        var pairs = s_table.SelectMany(row => row.Value.Select(to => (From: row.Key, To: to)));
        await Parallel.ForEachAsync(pairs, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Cancellation }, async (pair, _) =>
        {
            var id = await CreateReadyAsync(pair.From);
            var answers = await Task.WhenAll(_desk.MoveAsync(id, pair.To), _desk.MoveAsync(id, pair.To));
            Assert.Equal([HttpStatusCode.OK, HttpStatusCode.Conflict], answers.Select(a => a.StatusCode).Order());
            Assert.Equal("transition_not_allowed", await answers.Single(a => a.StatusCode == HttpStatusCode.Conflict).RefusedAsync(HttpStatusCode.Conflict));
            var history = (await _desk.Manager.GetJsonAsync($"/api/v1/events/{id}/transitions")).Items();
            Assert.Equal(EventDesk.Ways[pair.From].Length + 1, history.Count);
            Interlocked.Increment(ref raced);
        });
        Assert.Equal(s_table.Sum(row => row.Value.Length), raced);
    }

    // Whatever it may need for its next move; its sale begins tomorrow, so the clock leaves it alone.
    private async Task<Guid> CreateReadyAsync(string state)
    {
        var id = (await _desk.CreateAsync(("salesStartAt", EventDesk.At(TimeProvider.System.GetUtcNow().AddDays(1))))).Id();
        await _desk.AddSectionAsync(id, "Floor", 100);
        await _desk.AddTypeAsync(id);
        foreach (var step in EventDesk.Ways[state]) await (await _desk.MoveAsync(id, step)).ReadAsync();
        return id;
    }

    private async Task<int> TryAllAsync(string from, string role)
    {
        using var client = world.Events(role);
        var stays = await CreateReadyAsync(from);
        foreach (var to in s_table.Keys)
        {
            if (s_table[from].Contains(to))
            {
                var id = await CreateReadyAsync(from);
                var moved = await (await client.PostAsync($"/api/v1/events/{id}/transitions", new { to })).ReadAsync();
                Assert.Equal((to, EventDesk.Ways[from].Length + 2), (moved.Text("status"), (int)moved.Number("version")));
                continue;
            }
            using var answer = await client.PostAsync($"/api/v1/events/{stays}/transitions", new { to });
            Assert.Equal("transition_not_allowed", await answer.RefusedAsync(HttpStatusCode.Conflict));
            var problem = await answer.ReadAsync(HttpStatusCode.Conflict);
            Assert.Equal(s_table[from], problem.Items("allowed").Select(a => a.GetString()));
            Assert.All(s_table[from], allowed => Assert.Contains(allowed, problem.Text("detail"), StringComparison.Ordinal));
        }
        Assert.Equal(from, (await _desk.Manager.GetJsonAsync($"/api/v1/events/{stays}")).Text("status"));
        return s_table.Count;
    }

    private async Task<int> RefuseAllAsync(Guid stays, string? role)
    {
        using var client = world.Events(role);
        foreach (var to in s_table.Keys)
        {
            using var answer = await client.PostAsync($"/api/v1/events/{stays}/transitions", new { to });
            if (role is null) Assert.Equal("token_missing", await answer.RefusedAsync(HttpStatusCode.Unauthorized));
            else Assert.Equal("role_required", await answer.RefusedAsync(HttpStatusCode.Forbidden));
        }
        return s_table.Count;
    }

    [Fact]
    public async Task A_move_leaves_a_row_in_the_history_and_a_message()
    {
        var manager = Guid.CreateVersion7();
        using var client = world.Events(Roles.VenueManager, manager);
        var id = (await _desk.CreateAsync()).Id();
        await (await client.PostAsync($"/api/v1/events/{id}/transitions", new { to = "review", reason = " Please\u0301 read " })).ReadAsync();
        await (await client.PostAsync($"/api/v1/events/{id}/transitions", new { to = "approved" })).ReadAsync();

        var history = (await _desk.Manager.GetJsonAsync($"/api/v1/events/{id}/transitions")).Items();
        Assert.Equal([("draft", "review"), ("review", "approved")], history.Select(m => (m.Text("from"), m.Text("to"))));
        Assert.All(history, move => Assert.Equal(manager, move.Id("by")));
        Assert.Equal("Pleas\u00e9 read", history[0].Text("reason"));   // trimmed, and composed (NFC)
        Assert.Equal(System.Text.Json.JsonValueKind.Null, history[1].GetProperty("reason").ValueKind);
        Assert.True(history[0].Instant("at") <= history[1].Instant("at"));
        Assert.Equal(1, await world.Ask<int>("""
            select count(*) from platform.outbox
             where resource_id = @id and type = 'event.review' and data->>'from' = 'draft' and data->>'by' = @by and data ? 'startsAt' and data->>'version' = '2'
            """, new { id, by = manager.ToString() }));
        Assert.Equal(2, await world.Ask<int>("select count(*) from platform.audit_log where resource_id = @id and action = 'event.move' and actor_id = @manager", new { id, manager }));
    }

    [Fact]
    public async Task Selling_needs_a_section_a_ticket_type_and_a_start_in_the_future()
    {
        var bare = (await _desk.CreateAsync()).Id();
        await (await _desk.MoveAsync(bare, "published")).ReadAsync();
        using var noSection = await _desk.MoveAsync(bare, "on_sale");
        var problem = await noSection.ReadAsync(HttpStatusCode.Conflict);
        Assert.Equal("transition_not_allowed", problem.Text("code"));
        Assert.Contains("section", problem.Text("detail"), StringComparison.Ordinal);
        Assert.Equal(["postponed", "cancelled"], problem.Items("allowed").Select(a => a.GetString()));

        await _desk.AddSectionAsync(bare, "Floor", 10);
        using var noType = await _desk.MoveAsync(bare, "on_sale");
        Assert.Contains("ticket type", (await noType.ReadAsync(HttpStatusCode.Conflict)).Text("detail"), StringComparison.Ordinal);
        await _desk.AddTypeAsync(bare, quantity: 10);
        await (await _desk.MoveAsync(bare, "on_sale")).ReadAsync();

        foreach (var state in new[] { "published", "postponed" })
        {
            var past = TimeProvider.System.GetUtcNow().AddHours(-1);
            var id = await _desk.CreateInAsync(state, ("startsAt", EventDesk.At(past)), ("endsAt", EventDesk.At(past.AddHours(5))),
                ("salesStartAt", EventDesk.At(past.AddDays(-2))));
            using var tooLate = await _desk.MoveAsync(id, state == "published" ? "on_sale" : "rescheduled");
            Assert.Contains("startsAt", (await tooLate.ReadAsync(HttpStatusCode.Conflict)).Text("detail"), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("""{"to":"launched"}""", 422, "validation_failed")]
    [InlineData("""{"to":"OnSale"}""", 422, "validation_failed")]
    [InlineData("""{"to":""}""", 422, "validation_failed")]
    [InlineData("""{"to":4}""", 400, "invalid_json")]
    [InlineData("""{"to":null}""", 400, "invalid_json")]
    [InlineData("""{}""", 400, "invalid_json")]
    [InlineData("""{"to":"review","force":true}""", 400, "unknown_property")]
    [InlineData("""{"to":"review","reason":"\u0000"}""", 422, "validation_failed")]
    public async Task A_word_that_is_no_state_is_refused(string body, int status, string code)
    {
        var id = (await _desk.CreateAsync()).Id();
        using var answer = await EventDesk.PostTextAsync(_desk.Manager, $"/api/v1/events/{id}/transitions", body);
        Assert.Equal(code, await answer.RefusedAsync((HttpStatusCode)status));
    }

    [Fact]
    public async Task A_reason_has_at_most_500_characters_and_an_id_names_an_event()
    {
        var id = (await _desk.CreateAsync()).Id();
        foreach (var reason in new[] { new string('x', 501), new string('\u0958', 500) })
        {
            using var tooLong = await _desk.MoveAsync(id, "review", reason);
            Assert.Equal("validation_failed", await tooLong.RefusedAsync(HttpStatusCode.UnprocessableEntity));
        }
        foreach (var unknown in new[] { Guid.CreateVersion7().ToString(), "seven" })
        {
            using var answer = await _desk.Manager.PostAsync($"/api/v1/events/{unknown}/transitions", new { to = "cancelled" });
            Assert.Equal("not_found", await answer.RefusedAsync(HttpStatusCode.NotFound));
        }
        Assert.Equal("draft", (await _desk.Manager.GetJsonAsync($"/api/v1/events/{id}")).Text("status"));
    }

    [Theory]
    [InlineData("on_sale", "sold_out")]
    [InlineData("on_sale", "cancelled")]
    public async Task Of_twenty_managers_making_the_same_move_one_wins(string from, string to)
    {
        var id = await _desk.CreateInAsync(from);
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _desk.MoveAsync(id, to)));
        Assert.Equal(1, answers.Count(a => a.StatusCode == HttpStatusCode.OK));
        Assert.Equal(19, answers.Count(a => a.StatusCode == HttpStatusCode.Conflict));
        Assert.Equal(1, await world.Ask<int>("select count(*) from events.event_transitions where event_id = @id and to_status = @to", new { id, to }));
        Assert.Equal(1, await world.Ask<int>("select count(*) from platform.outbox where resource_id = @id and type = 'event.' || @to", new { id, to }));
    }

    [Fact]
    public async Task A_move_that_closes_sales_waits_for_the_sales_under_way_and_others_do_not()
    {
        var open = await _desk.CreateInAsync("on_sale");
        var other = await _desk.CreateInAsync("on_sale");
        await using var sale = await world.ConnectAsync();
        await using var selling = await sale.BeginTransactionAsync(Cancellation);
        foreach (var id in new[] { open, other }) await sale.ExecuteAsync(EventGate.EnterToSell, new { gate = EventGate.Key(id) }, selling);

        await (await _desk.MoveAsync(other, "sold_out")).ReadAsync();
        var cancelling = _desk.MoveAsync(open, "cancelled");
        await Task.Delay(300, Cancellation);
        Assert.False(cancelling.IsCompleted);
        using var stranger = await _desk.OtherManager.PostAsync($"/api/v1/events/{open}/transitions", new { to = "cancelled" });
        Assert.Equal(HttpStatusCode.NotFound, stranger.StatusCode);   // and does not stand at the gate

        await selling.CommitAsync(Cancellation);
        await (await cancelling).ReadAsync();
    }

    [Fact]
    public async Task Moves_are_counted_by_where_they_went_and_every_state_is_there_from_the_start()
    {
        var id = (await _desk.CreateAsync()).Id();
        await (await _desk.MoveAsync(id, "review")).ReadAsync();
        using var metrics = await _desk.Public.GetAsync("/metrics", Cancellation);
        var text = await metrics.Content.ReadAsStringAsync(Cancellation);
        Assert.All(s_table.Keys, state => Assert.Matches($"admitone_events_moved[a-z_]*{{[^}}]*to=\"{state}\"", text));
        Assert.Matches("admitone_events_created", text);
    }
}
