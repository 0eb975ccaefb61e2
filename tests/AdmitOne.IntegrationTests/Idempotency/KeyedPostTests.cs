using System.Net;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Idempotency;

/// <summary>A POST with an Idempotency-Key does its work once, on whichever replica it arrives, and gives the same answer again.</summary>
public sealed class KeyedPostTests(World world) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_second_gets_the_firsts_answer_byte_for_byte_and_makes_nothing()
    {
        using var manager = world.Events(Roles.VenueManager, Guid.CreateVersion7());
        var body = await EventAsync("Once");
        using var first = await PostAsync(manager, "/api/v1/events", body, "make-an-event");
        using var second = await PostAsync(manager, "/api/v1/events", body, "make-an-event");

        Assert.Equal(HttpStatusCode.Created, first.StatusCode);
        await AssertReplayAsync(first, second);
        Assert.Equal(1, await EventsNamedAsync("Once"));
        var id = (await second.ReadAsync(HttpStatusCode.Created)).Id();
        Assert.Equal(1, await world.Ask<int>("select count(*) from platform.outbox where resource_id = @id", new { id }));
        Assert.Equal(1, await world.Ask<int>("select count(*) from platform.audit_log where resource_id = @id", new { id }));
    }

    [Fact]
    public async Task An_answer_with_a_secret_is_repeated_and_stands_nowhere_in_clear()
    {
        var who = Guid.CreateVersion7();
        using var manager = world.Tickets(Roles.VenueManager, who);
        var posts = new (string Path, object? Body, string Secret)[]
        {
            ("/api/v1/devices", new { name = "Scanner of Secrets" }, "activationCode"),
            ("/api/v1/webhook-endpoints", new { url = "https://hooks.riverside.example/secrets" }, "secret"),
        };
        foreach (var (path, body, member) in posts)
        {
            using var first = await PostAsync(manager, path, body!, "shows-a-secret");
            var secret = (await first.ReadAsync(HttpStatusCode.Created)).Text(member);
            using var second = await PostAsync(manager, path, body!, "shows-a-secret");
            await AssertReplayAsync(first, second);
            Assert.Equal(0, await world.Ask<int>("select count(*)::int from platform.idempotency_keys where response_body like '%' || @secret || '%'", new { secret }));
            // Another replica opens it while the key of the services is rotated, and says so when that is over.
            foreach (var (name, opens) in new[] { ("INTERNAL_API_KEY_PREVIOUS", true), ("", false) })
            {
                var settings = new Dictionary<string, string?>(world.TicketsSettings) { ["INTERNAL_API_KEY"] = Stack.NewSecret() };
                if (opens) settings[name] = world.TicketsSettings["INTERNAL_API_KEY"];
                var rotated = await world.StartAsync(configuration => AdmitOne.Tickets.TicketsService.Build(configuration), settings);
                using var there = world.Client(World.Address(rotated), Roles.VenueManager, who);
                using var third = await PostAsync(there, path, body!, "shows-a-secret");
                if (opens) await AssertReplayAsync(first, third);
                else Assert.Equal("idempotency_key_reused", await third.RefusedAsync(HttpStatusCode.UnprocessableEntity));
            }
        }
    }

    [Fact]
    public async Task Another_body_under_the_same_key_is_refused()
    {
        using var manager = world.Events(Roles.VenueManager, Guid.CreateVersion7());
        using var first = await PostAsync(manager, "/api/v1/events", await EventAsync("Reused"), "a-reused-key");
        Assert.Equal(HttpStatusCode.Created, first.StatusCode);
        using var other = await PostAsync(manager, "/api/v1/events", await EventAsync("Reused differently"), "a-reused-key");
        Assert.Equal("idempotency_key_reused", await other.RefusedAsync(HttpStatusCode.UnprocessableEntity));
        Assert.Equal(0, await EventsNamedAsync("Reused differently"));
    }

    [Fact]
    public async Task A_key_belongs_to_one_person_and_one_route()
    {
        using var manager = world.Events(Roles.VenueManager, Guid.CreateVersion7());
        using var colleague = world.Events(Roles.VenueManager, Guid.CreateVersion7());
        using var stranger = world.Events(Roles.VenueManager, Guid.CreateVersion7(), world.OtherTenant);
        var body = await EventAsync("Twice");
        var id = (await (await PostAsync(manager, "/api/v1/events", body, "the-same-key")).ReadAsync(HttpStatusCode.Created)).Id();
        Assert.NotEqual(id, (await (await PostAsync(colleague, "/api/v1/events", body, "the-same-key")).ReadAsync(HttpStatusCode.Created)).Id());
        // The venue is ours: the other organiser is told so, and not what was answered to us.
        await (await PostAsync(stranger, "/api/v1/events", body, "the-same-key")).RefusedAsync(HttpStatusCode.UnprocessableEntity);
        await (await PostAsync(manager, $"/api/v1/events/{id}/sections", new { name = "Floor", capacity = 10 }, "the-same-key")).ReadAsync(HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_refusal_is_not_kept()
    {
        using var manager = world.Events(Roles.VenueManager, Guid.CreateVersion7());
        var id = (await (await PostAsync(manager, "/api/v1/events", await EventAsync("Refused"), "refused-event")).ReadAsync(HttpStatusCode.Created)).Id();
        await (await PostAsync(manager, $"/api/v1/events/{id}/transitions", new { to = "sold_out" }, "refused-move")).RefusedAsync(HttpStatusCode.Conflict);
        Assert.Equal(0, await KeysAsync("refused-move"));
        await (await PostAsync(manager, $"/api/v1/events/{id}/transitions", new { to = "published" }, "refused-move")).ReadAsync();
        Assert.Equal(1, await KeysAsync("refused-move"));
    }

    [Fact]
    public async Task A_key_that_is_too_short_or_not_visible_is_refused_and_none_is_fine()
    {
        using var manager = world.Events(Roles.VenueManager, Guid.CreateVersion7());
        var body = await EventAsync("Odd keys");
        foreach (var odd in new[] { "short", "has a space", new string('k', 256) })
            Assert.Equal("idempotency_key_required", await (await PostAsync(manager, "/api/v1/events", body, odd)).RefusedAsync(HttpStatusCode.BadRequest));
        Assert.Equal(0, await EventsNamedAsync("Odd keys"));
        await manager.MakeAsync("/api/v1/events", body);
    }

    [Fact]
    public async Task Twenty_equal_posts_at_two_replicas_make_one_resource()
    {
        var sale = await world.PutOnSaleAsync(quantity: 100);
        var replica = await world.SecondReplicaAsync();
        var person = Guid.CreateVersion7();
        using var here = world.Tickets(Roles.VenueManager, person);
        using var there = world.Client(replica.Url, Roles.VenueManager, person);
        var body = new { name = "Made once", price = new { amount = 500, currency = "EUR" }, quantity = 5 };

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(n =>
            PostAsync(n % 2 == 0 ? here : there, $"/api/v1/events/{sale.EventId}/ticket-types", body, "twenty-at-once")));

        Assert.Equal(1, await world.Ask<int>("select count(*) from tickets.ticket_types where name = 'Made once'"));
        var (made, waiting) = (answers.Where(a => a.StatusCode == HttpStatusCode.Created).ToList(), answers.Where(a => a.StatusCode == HttpStatusCode.Conflict).ToList());
        Assert.Equal(20, made.Count + waiting.Count);
        Assert.Single((await Task.WhenAll(made.Select(a => a.Content.ReadAsStringAsync(Cancellation)))).Distinct());
        Assert.Single(made, a => !a.Headers.Contains("Idempotency-Replayed"));
        foreach (var answer in waiting)
        {
            Assert.Equal("request_in_progress", await answer.RefusedAsync(HttpStatusCode.Conflict));
            Assert.NotNull(answer.Headers.RetryAfter);
        }
    }

    [Fact]
    public async Task Twenty_equal_holds_at_two_replicas_hold_once()
    {
        var sale = await world.PutOnSaleAsync(quantity: 100);
        var replica = await world.SecondReplicaAsync();
        var person = Guid.CreateVersion7();
        using var here = world.Tickets(Roles.Customer, person);
        using var there = world.Client(replica.Url, Roles.Customer, person);
        var body = new { eventId = sale.EventId, items = new[] { new { ticketTypeId = sale.TicketTypeId, quantity = 2 } } };

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(n => PostAsync(n % 2 == 0 ? here : there, "/api/v1/reservations", body, "hold-me-once")));

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.Created, answer.StatusCode));
        Assert.Single((await Task.WhenAll(answers.Select(a => a.Content.ReadAsStringAsync(Cancellation)))).Distinct());
        Assert.Single(answers.Select(a => a.Headers.Location).Distinct());
        Assert.Equal(2, await world.Ask<int>("select held from tickets.stock where ticket_type_id = @TicketTypeId", sale));
        using var first = answers.Single(a => !a.Headers.Contains("Idempotency-Replayed"));
        using var again = await PostAsync(there, "/api/v1/reservations", body, "hold-me-once");
        await AssertReplayAsync(first, again);
        using var other = await PostAsync(here, "/api/v1/reservations", new { eventId = sale.EventId, items = new[] { new { ticketTypeId = sale.TicketTypeId, quantity = 3 } } }, "hold-me-once");
        Assert.Equal("idempotency_key_reused", await other.RefusedAsync(HttpStatusCode.UnprocessableEntity));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task What_runs_elsewhere_is_not_waited_for()
    {
        var person = Guid.CreateVersion7();
        using var manager = world.Events(Roles.VenueManager, person);
        await using var elsewhere = await world.TicketsDatabase.BeginAsync(world.Tenant, Cancellation);
        await elsewhere.AllowIdleAsync(TimeSpan.FromMinutes(1), Cancellation);
        await elsewhere.ExecuteAsync("""
            insert into platform.idempotency_keys (tenant_id, user_id, route, key, fingerprint, status)
            values (@Tenant, @person, 'POST /api/v1/events', 'runs-elsewhere', sha256('x'), 'running')
            """, new { world.Tenant, person }, Cancellation);

        var body = await EventAsync("Elsewhere");
        using var answer = await PostAsync(manager, "/api/v1/events", body, "runs-elsewhere");
        Assert.Equal("request_in_progress", await answer.RefusedAsync(HttpStatusCode.Conflict));
        Assert.NotNull(answer.Headers.RetryAfter);

        await elsewhere.DisposeAsync();   // it died: nothing of it is left
        Assert.Equal(HttpStatusCode.Created, (await PostAsync(manager, "/api/v1/events", body, "runs-elsewhere")).StatusCode);
        Assert.Equal(1, await EventsNamedAsync("Elsewhere"));
    }

    [Fact]
    public async Task An_answer_outlives_the_process_that_gave_it()
    {
        var sale = await world.PutOnSaleAsync(quantity: 10);
        var person = Guid.CreateVersion7();
        var body = new { name = "Before the crash", price = new { amount = 500, currency = "EUR" }, quantity = 5 };
        var replica = await world.StartReplicaAsync();
        using var there = world.Client(replica.Url, Roles.VenueManager, person);
        using var first = await PostAsync(there, $"/api/v1/events/{sale.EventId}/ticket-types", body, "survives-a-crash");
        Assert.Equal(HttpStatusCode.Created, first.StatusCode);
        await replica.KillAsync();

        using var here = world.Tickets(Roles.VenueManager, person);
        using var second = await PostAsync(here, $"/api/v1/events/{sale.EventId}/ticket-types", body, "survives-a-crash");
        await AssertReplayAsync(first, second);
        Assert.Equal(1, await world.Ask<int>("select count(*) from tickets.ticket_types where name = 'Before the crash'"));
    }

    [Fact]
    public async Task After_a_day_a_key_is_forgotten()
    {
        using var manager = world.Events(Roles.VenueManager, Guid.CreateVersion7());
        var body = await EventAsync("A day later");
        await (await PostAsync(manager, "/api/v1/events", body, "a-day-later")).ReadAsync(HttpStatusCode.Created);
        await world.Sql("update platform.idempotency_keys set created_at = created_at - interval '23 hours 59 minutes' where key = 'a-day-later'");
        Assert.Equal(0, await SweepAsync());
        await world.Sql("update platform.idempotency_keys set created_at = created_at - interval '2 minutes' where key = 'a-day-later'");
        Assert.Equal(1, await SweepAsync());
        using var again = await PostAsync(manager, "/api/v1/events", body, "a-day-later");
        Assert.Equal((HttpStatusCode.Created, false), (again.StatusCode, again.Headers.Contains("Idempotency-Replayed")));

        // As the worker asks, with the service's own rights; other tests of this class are not a day old.
        async Task<int> SweepAsync() => (await world.EventsDatabase.AskForAllTenantsAsync<int>("select platform.sweep_idempotency_keys(@kept, 5000)", new { kept = TimeSpan.FromHours(24) }, Cancellation))[0];
    }

    private async Task<Dictionary<string, object?>> EventAsync(string name)
    {
        var starts = new DateTimeOffset(2031, 5, 1, 18, 0, 0, TimeSpan.Zero);
        return new() { ["name"] = name, ["venueId"] = await world.VenueAsync(), ["startsAt"] = starts, ["endsAt"] = starts.AddHours(2), ["timeZone"] = "Europe/Amsterdam" };
    }

    private Task<int> EventsNamedAsync(string name) => world.Ask<int>("select count(*) from events.events where name = @name", new { name });

    private Task<int> KeysAsync(string key) => world.Ask<int>("select count(*) from platform.idempotency_keys where key = @key", new { key });

    private static Task<HttpResponseMessage> PostAsync(HttpClient client, string path, object body, string key) => client.PostAsync(path, body, ("Idempotency-Key", key));

    private static async Task AssertReplayAsync(HttpResponseMessage first, HttpResponseMessage second)
    {
        Assert.False(first.Headers.Contains("Idempotency-Replayed"));
        Assert.Equal(["true"], second.Headers.GetValues("Idempotency-Replayed"));
        Assert.Equal(first.StatusCode, second.StatusCode);
        Assert.Equal(await first.Content.ReadAsByteArrayAsync(Cancellation), await second.Content.ReadAsByteArrayAsync(Cancellation));
        Assert.Equal(first.Headers.Location, second.Headers.Location);
        Assert.Equal(first.Headers.ETag, second.Headers.ETag);
        Assert.Equal(first.Content.Headers.ContentType, second.Content.Headers.ContentType);
    }
}
