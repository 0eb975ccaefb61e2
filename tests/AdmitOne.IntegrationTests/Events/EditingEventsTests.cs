using System.Net;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Events;

public sealed class EditingEventsTests(World world) : IClassFixture<World>
{
    private static readonly TimeSpan s_hour = TimeSpan.FromHours(1);

    private readonly EventDesk _desk = new(world);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_named_changes_null_clears_and_the_rest_stays()
    {
        var made = await _desk.CreateAsync(("description", "Old"), ("tags", new[] { "a", "b" }), ("ageRestriction", 16), ("categorySlug", "music"),
            ("imageUrl", "https://images.example.com/a.png"), ("refundPolicy", new { untilHoursBefore = 48, feePercent = 10 }));
        var changed = await (await _desk.ChangeAsync(made.Id(), new Dictionary<string, object?>
        {
            ["name"] = "  Another Evening ", ["description"] = null, ["ageRestriction"] = null, ["categorySlug"] = null, ["imageUrl"] = null, ["tags"] = new[] { "c" },
            ["refundPolicy"] = new { feePercent = 5 }, ["transferPolicy"] = new { allowed = false }, ["codePolicy"] = "rotating", ["reEntry"] = true, ["visibility"] = "unlisted",
        }, "\"1\"")).ReadAsync();

        Assert.Equal(("Another Evening", "", 2L), (changed.Text("name"), changed.Text("description"), changed.Number("version")));
        Assert.Equal(made.Text("slug"), changed.Text("slug"));
        foreach (var cleared in new[] { "ageRestriction", "categorySlug", "imageUrl" }) Assert.Equal(JsonValueKind.Null, changed.GetProperty(cleared).ValueKind);
        Assert.Equal(["c"], changed.Items("tags").Select(t => t.GetString()));
        Assert.Equal((48, 5), (changed.GetProperty("refundPolicy").Number("untilHoursBefore"), changed.GetProperty("refundPolicy").Number("feePercent")));
        Assert.Equal(("rotating", "unlisted"), (changed.Text("codePolicy"), changed.Text("visibility")));
        foreach (var same in new[] { "startsAt", "endsAt", "doorsAt", "salesStartAt", "salesEndAt", "checkInFrom", "checkInUntil", "timeZone", "venueId", "createdAt" })
            Assert.Equal(made.GetProperty(same).ToString(), changed.GetProperty(same).ToString());
        Assert.Equal(changed.ToString(), (await _desk.FindAsync(made.Id())).ToString());
        Assert.Equal(1, await world.Ask<int>("select count(*) from platform.outbox where resource_id = @id and type = 'event.changed'", new { id = made.Id() }));

        // Nothing changes: no version, no message.
        Assert.Equal(2, (await (await _desk.ChangeAsync(made.Id(), new { name = "Another Evening" })).ReadAsync()).Number("version"));
        Assert.Equal(2, (await (await _desk.ChangeAsync(made.Id(), new { })).ReadAsync()).Number("version"));
        Assert.Equal(1, await world.Ask<int>("select count(*) from platform.outbox where resource_id = @id and type = 'event.changed'", new { id = made.Id() }));
    }

    [Fact]
    public async Task An_edit_names_the_version_it_edits()
    {
        var id = (await _desk.CreateAsync()).Id();
        Assert.Equal("if_match_required", await (await _desk.ChangeAsync(id, new { name = "X" }, ifMatch: null)).RefusedAsync(HttpStatusCode.PreconditionRequired));
        using var first = await _desk.ChangeAsync(id, new { name = "X" }, "\"1\"", "application/json");
        await first.ReadAsync();
        Assert.Equal("\"2\"", first.Headers.ETag?.ToString());
        Assert.Equal("version_mismatch", await (await _desk.ChangeAsync(id, new { name = "Y" }, "\"1\"")).RefusedAsync(HttpStatusCode.PreconditionFailed));
        Assert.Equal("X", (await _desk.FindAsync(id)).Text("name"));
        Assert.Equal("not_found", await (await _desk.ChangeAsync(Guid.CreateVersion7(), new { name = "Y" })).RefusedAsync(HttpStatusCode.NotFound));
        Assert.Equal("not_found", await (await EventDesk.EditAsync(_desk.Manager, HttpMethod.Patch, "/api/v1/events/seven", new { })).RefusedAsync(HttpStatusCode.NotFound));
        Assert.Equal("unsupported_media_type", await (await _desk.ChangeAsync(id, "name=x", mediaType: "text/plain")).RefusedAsync(HttpStatusCode.UnsupportedMediaType));
    }

    // Two hosts on one database, each with a manager whose change names other properties: whoever is late must be told, never merged over.
    [Fact]
    public async Task Of_managers_who_edit_at_once_one_wins_the_others_get_412_and_no_field_is_lost()
    {
        var id = (await _desk.CreateAsync()).Id();
        var replica = await world.StartAsync(configuration => AdmitOne.Events.EventsService.Build(configuration), world.EventsSettings);
        using var there = world.Client(World.Address(replica), Roles.VenueManager);
        for (var round = 1; round <= 5; round++)
        {
            var version = (await _desk.FindAsync(id)).Number("version");
            var answers = await Task.WhenAll(
                _desk.ChangeAsync(id, new { description = $"round {round}" }, $"\"{version}\""),
                _desk.ChangeAsync(id, new { ageRestriction = round }, $"\"{version}\"", by: there),
                _desk.ChangeAsync(id, new { tags = new[] { $"{round}" } }, $"\"{version}\""),
                _desk.ChangeAsync(id, new { salesEndAt = EventDesk.At(TimeProvider.System.GetUtcNow().AddDays(20 + round)) }, $"\"{version}\"", by: there));
            Assert.Equal(1, answers.Count(a => a.StatusCode == HttpStatusCode.OK));
            Assert.Equal(3, answers.Count(a => a.StatusCode == HttpStatusCode.PreconditionFailed));
            Assert.Equal(version + 1, (await _desk.FindAsync(id)).Number("version"));
        }

        // Whoever says * edits what is there: nobody's change is written over by another's old values.
        var all = await Task.WhenAll(
            _desk.ChangeAsync(id, new { name = "Name" }), _desk.ChangeAsync(id, new { description = "Text" }, by: there), _desk.ChangeAsync(id, new { ageRestriction = 42 }),
            _desk.ChangeAsync(id, new { tags = new[] { "last" } }, by: there), _desk.ChangeAsync(id, new { reEntry = true }), _desk.ChangeAsync(id, new { categorySlug = "comedy" }, by: there));
        Assert.All(all, answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        var kept = await _desk.FindAsync(id);
        Assert.Equal(("Name", "Text", 42L, "last", "comedy"),
            (kept.Text("name"), kept.Text("description"), kept.Number("ageRestriction"), kept.Items("tags").Single().GetString(), kept.Text("categorySlug")));
        Assert.True(kept.GetProperty("reEntry").GetBoolean());
    }

    [Fact]
    public async Task What_breaks_a_rule_is_refused_and_changes_nothing()
    {
        var made = await _desk.CreateAsync();
        var id = made.Id();
        (string Pointer, object? Value)[] rules =
        [
            ("/name", " "), ("/name", null), ("/venueId", null), ("/startsAt", null), ("/endsAt", null), ("/timeZone", null), ("/visibility", null), ("/codePolicy", null),
            ("/refundPolicy", null), ("/transferPolicy", null), ("/reEntry", null), ("/description", new string('x', 10_001)), ("/categorySlug", "no-such-thing"),
            ("/tags", new string?[] { null }), ("/timeZone", "Mars/Olympus"), ("/timeZone", "posix/Europe/Berlin"), ("/timeZone", "localtime"), ("/visibility", "secret"),
            ("/ageRestriction", 100), ("/imageUrl", "https://10.0.0.1/"), ("/codePolicy", "none"), ("/venueId", Guid.CreateVersion7()),
            ("/endsAt", made.Text("startsAt")), ("/doorsAt", made.Text("endsAt")), ("/salesStartAt", made.Text("endsAt")), ("/checkInFrom", made.Text("checkInUntil")),
            ("/doorsAt", EventDesk.At(made.Instant("startsAt").AddDays(-8))), ("/checkInUntil", EventDesk.At(made.Instant("doorsAt").AddMinutes(-1))),
        ];
        foreach (var (pointer, value) in rules)
        {
            using var answer = await _desk.ChangeAsync(id, new Dictionary<string, object?> { [pointer[1..]] = value });
            var problem = await answer.ReadAsync(HttpStatusCode.UnprocessableEntity);
            Assert.Contains(pointer, problem.Items("errors").Select(e => e.Text("pointer")));
        }
        foreach (var (body, code) in new[]
        {
            ("""{"colour":1}""", "unknown_property"), ("""{"status":"on_sale"}""", "unknown_property"), ("""{"tenantId":"x"}""", "unknown_property"),
            ("""{"refundPolicy":{"x":1}}""", "unknown_property"), ("""{"name":5}""", "invalid_json"), ("""{"venueId":"x"}""", "invalid_json"), ("""{"startsAt":"tomorrow"}""", "invalid_json"),
            ("[]", "invalid_json"), ("null", "invalid_json"), ("", "invalid_json"), ("{", "invalid_json"), ("""{"name":"a","name":"b"}""", "invalid_json"),
        })
        {
            using var answer = await _desk.ChangeAsync(id, body);
            Assert.True(answer.StatusCode == HttpStatusCode.BadRequest, $"{body}: {(int)answer.StatusCode}");
            Assert.Equal(code, await answer.RefusedAsync(HttpStatusCode.BadRequest));
        }
        Assert.Equal(made.ToString(), (await _desk.FindAsync(id)).ToString());
    }

    [Fact]
    public async Task Doors_and_check_in_move_with_the_start_and_what_follows_by_default_goes_on_following()
    {
        var starts = new DateTimeOffset(2027, 3, 20, 19, 0, 0, TimeSpan.Zero);   // 20:00 in Amsterdam, a week before the clocks change
        var made = await _desk.CreateAsync(("startsAt", EventDesk.At(starts)), ("endsAt", EventDesk.At(starts + (3 * s_hour))), ("doorsAt", EventDesk.At(starts - s_hour)));
        Assert.Equal(("2027-03-20T20:00:00+01:00", "2027-03-20T19:00:00+01:00", "2027-03-20T23:00:00+01:00"), (made.Text("startsAtLocal"), made.Text("doorsAtLocal"), made.Text("endsAtLocal")));

        var later = new DateTimeOffset(2027, 4, 3, 18, 0, 0, TimeSpan.Zero);     // 20:00 there in summer time
        var moved = await (await _desk.ChangeAsync(made.Id(), new { startsAt = EventDesk.At(later), endsAt = EventDesk.At(later + (3 * s_hour)) })).ReadAsync();
        Assert.Equal(("2027-04-03T20:00:00+02:00", "2027-04-03T19:00:00+02:00"), (moved.Text("startsAtLocal"), moved.Text("doorsAtLocal")));
        Assert.Equal((later, later + (3 * s_hour), later - (5 * s_hour)), (moved.Instant("salesEndAt"), moved.Instant("checkInUntil"), moved.Instant("checkInFrom")));

        // What is named is what was named.
        var named = await (await _desk.ChangeAsync(made.Id(), new { startsAt = EventDesk.At(later + s_hour), doorsAt = EventDesk.At(later), salesEndAt = EventDesk.At(later - s_hour) })).ReadAsync();
        Assert.Equal((later, later - s_hour, later + (3 * s_hour)), (named.Instant("doorsAt"), named.Instant("salesEndAt"), named.Instant("endsAt")));
        var cleared = await (await _desk.ChangeAsync(made.Id(), new { doorsAt = (string?)null, salesEndAt = (string?)null })).ReadAsync();
        Assert.Equal((later + s_hour, later + s_hour), (cleared.Instant("doorsAt"), cleared.Instant("salesEndAt")));
    }

    [Theory]
    [InlineData("completed")]
    [InlineData("cancelled")]
    public async Task What_is_over_stays_as_it_is(string state)
    {
        var id = await _desk.CreateInAsync(state);
        Assert.Equal("edit_not_allowed", await (await _desk.ChangeAsync(id, new { description = "It was great." })).RefusedAsync(HttpStatusCode.Conflict));
    }

    [Fact]
    public async Task What_has_begun_stays_where_and_when_it_is()
    {
        var id = await _desk.CreateInAsync("in_progress");
        var body = await _desk.FindAsync(id);
        using var moved = await _desk.ChangeAsync(id, new { startsAt = EventDesk.At(body.Instant("startsAt").AddMinutes(5)) });
        Assert.Equal("edit_not_allowed", await moved.RefusedAsync(HttpStatusCode.Conflict));
        await (await _desk.ChangeAsync(id, new { endsAt = EventDesk.At(body.Instant("endsAt").AddHours(1)) })).ReadAsync();
        await world.Sql("update events.events set starts_at = starts_at - interval '60 days', doors_at = doors_at - interval '60 days', ends_at = starts_at - interval '59 days', sales_start_at = sales_start_at - interval '90 days', sales_end_at = starts_at - interval '60 days' where id = @id", new { id });
        Assert.Equal("edit_not_allowed", await (await _desk.ChangeAsync(id, new { description = "Late" })).RefusedAsync(HttpStatusCode.Conflict));
    }

    [Fact]
    public async Task What_was_sold_may_become_better_and_never_worse()
    {
        var sale = await world.PutOnSaleAsync(quantity: 10, new SaleOptions
        {
            StartsIn = TimeSpan.FromDays(20),
            Event = new Dictionary<string, object?> { ["refundPolicy"] = new { untilHoursBefore = 24, feePercent = 10 }, ["reEntry"] = true, ["ageRestriction"] = 12, ["salesStartAt"] = EventDesk.At(TimeProvider.System.GetUtcNow().AddDays(-2)) },
        });
        // Before anything is sold all of it may change.
        await (await _desk.ChangeAsync(sale.EventId, new { timeZone = "Europe/Berlin" })).ReadAsync();
        await (await world.BuyAsync(sale)).ReadAsync(HttpStatusCode.Created);

        foreach (var (property, value) in new (string, object?)[]
        {
            ("timeZone", "Asia/Tokyo"), ("codePolicy", "rotating"), ("visibility", "private"), ("ageRestriction", 18), ("reEntry", false),
            ("refundPolicy", new { feePercent = 11 }), ("refundPolicy", new { untilHoursBefore = 25 }), ("transferPolicy", new { allowed = false }), ("transferPolicy", new { untilHoursBefore = 1 }),
        })
        {
            using var answer = await _desk.ChangeAsync(sale.EventId, new Dictionary<string, object?> { [property] = value });
            var problem = await answer.ReadAsync(HttpStatusCode.Conflict);
            Assert.Equal(("edit_not_allowed", property), (problem.Text("code"), problem.Items("properties").Single().GetString()));
        }
        var better = await (await _desk.ChangeAsync(sale.EventId, new { refundPolicy = new { feePercent = 0, untilHoursBefore = 1 }, ageRestriction = 6, visibility = "unlisted", name = "New name" })).ReadAsync();
        Assert.Equal((0, "New name"), (better.GetProperty("refundPolicy").Number("feePercent"), better.Text("name")));
        using var past = await _desk.ChangeAsync(sale.EventId, new { startsAt = EventDesk.At(TimeProvider.System.GetUtcNow().AddHours(-1)) });
        Assert.Equal("/startsAt", (await past.ReadAsync(HttpStatusCode.UnprocessableEntity)).Items("errors").Single().Text("pointer"));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Another_venue_must_take_the_sections_as_they_are()
    {
        var id = await _desk.CreateInAsync("published");
        var small = await _desk.VenueAsync(99);
        Assert.Equal("over_venue_capacity", await (await _desk.ChangeAsync(id, new { venueId = small })).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        var theirs = await _desk.VenueAsync(5000, world.OtherTenant);
        await (await _desk.ChangeAsync(id, new { venueId = theirs })).ReadAsync(HttpStatusCode.UnprocessableEntity);
        var moved = await (await _desk.ChangeAsync(id, new { venueId = await _desk.VenueAsync(100) })).ReadAsync();
        Assert.Equal(("A Room", "1 Quay Street"), (moved.GetProperty("venue").Text("name"), moved.GetProperty("venue").Text("address")));
        using var full = await _desk.Manager.PostAsync($"/api/v1/events/{id}/sections", new { name = "More", capacity = 1 });
        Assert.Equal("over_venue_capacity", await full.RefusedAsync(HttpStatusCode.UnprocessableEntity));
    }

    [Fact]
    public async Task Only_managers_edit_copy_and_remove()
    {
        var id = await _desk.CreateInAsync("published");
        foreach (var role in new[] { Roles.Customer, Roles.VenueStaff, Roles.Ops })
        {
            using var client = world.Events(role);
            foreach (var (method, path) in new[] { (HttpMethod.Patch, $"/api/v1/events/{id}"), (HttpMethod.Delete, $"/api/v1/events/{id}"), (HttpMethod.Post, $"/api/v1/events/{id}/copy"), (HttpMethod.Post, "/api/v1/categories") })
                Assert.Equal("role_required", await (await EventDesk.EditAsync(client, method, path, new { })).RefusedAsync(HttpStatusCode.Forbidden));
        }
        Assert.Equal("token_missing", await (await EventDesk.EditAsync(_desk.Public, HttpMethod.Patch, $"/api/v1/events/{id}", new { })).RefusedAsync(HttpStatusCode.Unauthorized));
    }

    [Fact]
    public async Task A_draft_or_a_cancelled_event_is_removed_unless_tickets_were_ordered()
    {
        var id = (await _desk.CreateAsync(("name", "Gone Tomorrow"))).Id();
        Assert.Equal("if_match_required", await (await _desk.RemoveAsync(id, null)).RefusedAsync(HttpStatusCode.PreconditionRequired));
        Assert.Equal("version_mismatch", await (await _desk.RemoveAsync(id, "\"7\"")).RefusedAsync(HttpStatusCode.PreconditionFailed));
        Assert.Equal(HttpStatusCode.NoContent, (await _desk.RemoveAsync(id, "\"1\"")).StatusCode);
        Assert.Equal("not_found", await (await _desk.RemoveAsync(id)).RefusedAsync(HttpStatusCode.NotFound));
        foreach (var path in new[] { $"{id}", "gone-tomorrow", $"{id}/sections", $"{id}/schedule", $"{id}/calendar.ics", $"{id}/transitions" })
            await _desk.Manager.GetJsonAsync($"/api/v1/events/{path}", HttpStatusCode.NotFound);
        // Its slug is free again.
        Assert.Equal("gone-tomorrow", (await _desk.CreateAsync(("name", "Gone Tomorrow"))).Text("slug"));

        foreach (var state in new[] { "review", "published", "on_sale", "postponed", "completed" })
            Assert.Equal("edit_not_allowed", await (await _desk.RemoveAsync(await _desk.CreateInAsync(state))).RefusedAsync(HttpStatusCode.Conflict));
        Assert.Equal(HttpStatusCode.NoContent, (await _desk.RemoveAsync(await _desk.CreateInAsync("cancelled"))).StatusCode);

        var sale = await world.PutOnSaleAsync(quantity: 3);
        await (await world.BuyAsync(sale)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal("event_has_sales", await (await _desk.RemoveAsync(sale.EventId)).RefusedAsync(HttpStatusCode.Conflict));
        await world.MoveAsync(sale.EventId, "cancelled");
        Assert.Equal("event_has_sales", await (await _desk.RemoveAsync(sale.EventId)).RefusedAsync(HttpStatusCode.Conflict));
    }

    [Fact]
    public async Task Buying_and_an_edit_that_breaks_what_is_bought_never_both_succeed()
    {
        var sale = await world.PutOnSaleAsync(quantity: 100, new SaleOptions { StartsIn = TimeSpan.FromDays(9) });
        var zones = new[] { "Asia/Tokyo", "Europe/Berlin" };
        for (var round = 0; round < 6; round++)
        {
            var fresh = round == 0 ? sale : await world.PutOnSaleAsync(quantity: 5, new SaleOptions { StartsIn = TimeSpan.FromDays(9) });
            var edits = Task.WhenAll(zones.Select(zone => _desk.ChangeAsync(fresh.EventId, new { timeZone = zone })));
            var bought = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => world.BuyAsync(fresh)));
            var edited = await edits;
            Assert.All(bought, answer => Assert.Equal(HttpStatusCode.Created, answer.StatusCode));
            // An edit that was answered 200 saw no ticket: it is the older of the two.
            var firstSold = await world.Ask<DateTimeOffset>("select min(created_at) from tickets.tickets where event_id = @EventId", new { fresh.EventId });
            var lastEdit = await world.Ask<DateTimeOffset>("select updated_at from events.events where id = @EventId", new { fresh.EventId });
            if (edited.Any(answer => answer.StatusCode == HttpStatusCode.OK)) Assert.True(lastEdit < firstSold, $"{lastEdit:O} and {firstSold:O}");
        }
    }
}
