using System.Net;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Events;

public sealed class ScheduleTests(World world) : IClassFixture<World>
{
    // A week in Amsterdam over the change to summer time in the night to the 28th, 20:00 each evening.
    private static readonly DateTimeOffset s_first = new(2027, 3, 26, 19, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset s_last = new(2027, 3, 30, 21, 0, 0, TimeSpan.Zero);

    private readonly EventDesk _desk = new(world);

    [Fact]
    public async Task An_occurrence_has_its_times_beside_those_of_the_clocks_there()
    {
        var id = await RunAsync();
        using var answer = await _desk.Manager.PostAsync($"/api/v1/events/{id}/schedule", new { name = " Opening ", doorsAt = At(s_first), startsAt = "2027-03-26T21:00:00+01:00", endsAt = At(s_first.AddHours(3)) });
        var made = await answer.ReadAsync(HttpStatusCode.Created);
        Assert.Equal($"/api/v1/schedule/{made.Id()}", answer.Headers.Location?.OriginalString);
        Assert.Equal("\"1\"", answer.Headers.ETag?.ToString());
        Assert.Equal(("Opening", "Europe/Amsterdam", 1L), (made.Text("name"), made.Text("timeZone"), made.Number("version")));
        Assert.Equal(("2027-03-26T20:00:00+01:00", "2027-03-26T21:00:00+01:00", "2027-03-26T23:00:00+01:00"), (made.Text("doorsAtLocal"), made.Text("startsAtLocal"), made.Text("endsAtLocal")));
        var summer = await _desk.Manager.MakeAsync($"/api/v1/events/{id}/schedule", new { startsAt = "2027-03-29T18:00:00Z", endsAt = "2027-03-29T20:00:00Z" });
        Assert.Equal(("2027-03-29T20:00:00+02:00", summer.Instant("startsAt")), (summer.Text("startsAtLocal"), summer.Instant("doorsAt")));

        var changed = await (await EditAsync(made.Id(), new { name = (string?)null, doorsAt = (string?)null }, "\"1\"")).ReadAsync();
        Assert.Equal((JsonValueKind.Null, 2L, changed.Instant("startsAt")), (changed.GetProperty("name").ValueKind, changed.Number("version"), changed.Instant("doorsAt")));
        Assert.Equal("version_mismatch", await (await EditAsync(made.Id(), new { name = "X" }, "\"1\"")).RefusedAsync(HttpStatusCode.PreconditionFailed));
        Assert.Equal("if_match_required", await (await EditAsync(made.Id(), new { name = "X" }, null)).RefusedAsync(HttpStatusCode.PreconditionRequired));
        Assert.Equal([made.Id(), summer.Id()], (await _desk.Manager.GetJsonAsync($"/api/v1/events/{id}/schedule")).Items().Select(e => e.Id()));

        Assert.Equal("if_match_required", await (await RemoveAsync(made.Id(), null)).RefusedAsync(HttpStatusCode.PreconditionRequired));
        Assert.Equal(HttpStatusCode.NoContent, (await RemoveAsync(made.Id(), "\"2\"")).StatusCode);
        Assert.Equal("not_found", await (await RemoveAsync(made.Id(), "*")).RefusedAsync(HttpStatusCode.NotFound));
        Assert.Equal("not_found", await (await EditAsync(made.Id(), new { name = "X" })).RefusedAsync(HttpStatusCode.NotFound));
        Assert.Equal(["schedule.created", "schedule.changed", "schedule.deleted"],
            await _desk.MessagesAsync(made.Id()));
    }

    [Fact]
    public async Task An_entry_cannot_leave_its_events_bounds()
    {
        var id = await RunAsync();
        (DateTimeOffset? Doors, DateTimeOffset Starts, DateTimeOffset Ends)[] outside =
            [(null, s_first.AddHours(-1), s_first.AddHours(1)), (s_first.AddMinutes(-61), s_first, s_last), (null, s_first, s_last.AddSeconds(1)), (null, s_last.AddDays(1), s_last.AddDays(2))];
        foreach (var (doors, starts, ends) in outside)
        {
            using var answer = await _desk.Manager.PostAsync($"/api/v1/events/{id}/schedule", new { doorsAt = doors is { } d ? At(d) : null, startsAt = At(starts), endsAt = At(ends) });
            Assert.Equal("/startsAt", (await answer.ReadAsync(HttpStatusCode.UnprocessableEntity)).Items("errors").Single().Text("pointer"));
        }
        var entry = await _desk.Manager.MakeAsync($"/api/v1/events/{id}/schedule", new { startsAt = At(s_first), endsAt = At(s_last) });
        await (await EditAsync(entry.Id(), new { endsAt = At(s_last.AddHours(1)) })).ReadAsync(HttpStatusCode.UnprocessableEntity);
        await (await EditAsync(entry.Id(), new { endsAt = At(s_first) })).ReadAsync(HttpStatusCode.UnprocessableEntity);
        // Nor do the event's bounds leave it outside.
        using var shorter = await _desk.ChangeAsync(id, new { endsAt = At(s_last.AddHours(-1)) });
        Assert.Equal("/endsAt", (await shorter.ReadAsync(HttpStatusCode.UnprocessableEntity)).Items("errors").Single().Text("pointer"));
        Assert.Equal(1, (await _desk.FindAsync(id)).Number("version"));
    }

    // One host narrows the event while the other puts an entry at its very end: both may not succeed.
    [Fact]
    public async Task Neither_does_a_race_of_the_two()
    {
        var replica = await world.StartAsync(configuration => AdmitOne.Events.EventsService.Build(configuration), world.EventsSettings);
        using var there = world.Client(World.Address(replica), AdmitOne.Platform.Identity.Roles.VenueManager);
        for (var round = 0; round < 8; round++)
        {
            var id = await RunAsync();
            await Task.WhenAll(
                _desk.ChangeAsync(id, new { endsAt = At(s_last.AddHours(-1)) }),
                there.PostAsync($"/api/v1/events/{id}/schedule", new { startsAt = At(s_last.AddHours(-2)), endsAt = At(s_last) }),
                there.PostAsync($"/api/v1/events/{id}/schedule", new { startsAt = At(s_last.AddHours(-3)), endsAt = At(s_last) }));
            Assert.Equal(0, await world.Ask<int>(
                "select count(*) from events.schedule_entries s join events.events e on e.id = s.event_id where e.id = @id and s.ends_at > e.ends_at", new { id }));
        }
    }

    [Fact]
    public async Task A_show_at_eight_stays_one_at_eight_when_its_event_moves_over_a_change_of_the_clocks()
    {
        var id = await RunAsync();
        foreach (var evening in new[] { "2027-03-26T19:00:00Z", "2027-03-27T19:00:00Z", "2027-03-28T18:00:00Z", "2027-03-29T18:00:00Z" })
            await _desk.Manager.MakeAsync($"/api/v1/events/{id}/schedule", new { startsAt = evening, endsAt = At(DateTimeOffset.Parse(evening, System.Globalization.CultureInfo.InvariantCulture).AddHours(2)) });
        // To a Friday in November, when the clocks have gone back.
        var moved = new DateTimeOffset(2027, 11, 5, 19, 0, 0, TimeSpan.Zero);
        await (await _desk.ChangeAsync(id, new { startsAt = At(moved), endsAt = At(moved.AddDays(4).AddHours(3)) })).ReadAsync();
        var entries = (await _desk.Manager.GetJsonAsync($"/api/v1/events/{id}/schedule")).Items();
        Assert.Equal(["2027-11-05T20:00:00+01:00", "2027-11-06T20:00:00+01:00", "2027-11-07T20:00:00+01:00", "2027-11-08T20:00:00+01:00"], entries.Select(e => e.Text("startsAtLocal")));
        Assert.All(entries, entry => Assert.Equal(2, entry.Number("version")));
        // And back over another one.
        await (await _desk.ChangeAsync(id, new { startsAt = "2027-10-29T18:00:00Z", endsAt = "2027-11-03T00:00:00Z" })).ReadAsync();
        Assert.Equal(["2027-10-29T20:00:00+02:00", "2027-10-30T20:00:00+02:00", "2027-10-31T20:00:00+01:00", "2027-11-01T20:00:00+01:00"],
            (await _desk.Manager.GetJsonAsync($"/api/v1/events/{id}/schedule")).Items().Select(e => e.Text("startsAtLocal")));
    }

    [Fact]
    public async Task A_copy_has_the_text_the_policies_the_sections_and_the_schedule_by_the_clock()
    {
        var id = await RunAsync(("description", "A run of evenings"), ("tags", new[] { "run" }), ("reEntry", true), ("visibility", "unlisted"), ("refundPolicy", new { untilHoursBefore = 72, feePercent = 20 }));
        await _desk.AddSectionAsync(id, "Floor", 70);
        await _desk.AddSectionAsync(id, "Balcony", 30);
        foreach (var evening in new[] { "2027-03-26T19:00:00Z", "2027-03-29T18:00:00Z" })
            await _desk.Manager.MakeAsync($"/api/v1/events/{id}/schedule", new { name = "Night", startsAt = evening, endsAt = At(DateTimeOffset.Parse(evening, System.Globalization.CultureInfo.InvariantCulture).AddHours(2)) });
        await (await _desk.MoveAsync(id, "published")).ReadAsync();

        using var answer = await _desk.Manager.PostAsync($"/api/v1/events/{id}/copy", new { startsAt = "2027-06-04T18:00:00Z" });
        var copy = await answer.ReadAsync(HttpStatusCode.Created);
        Assert.Equal(($"/api/v1/events/{copy.Id()}", "\"1\""), (answer.Headers.Location?.OriginalString, answer.Headers.ETag?.ToString()));
        var original = await _desk.FindAsync(id);
        Assert.Equal(("draft", original.Text("name")), (copy.Text("status"), copy.Text("name")));
        Assert.NotEqual(original.Text("slug"), copy.Text("slug"));
        foreach (var same in new[] { "description", "tags", "venueId", "venue", "timeZone", "visibility", "refundPolicy", "transferPolicy", "codePolicy", "reEntry" })
            Assert.Equal(original.GetProperty(same).ToString(), copy.GetProperty(same).ToString());
        Assert.Equal(("2027-06-04T20:00:00+02:00", "2027-06-08T23:00:00+02:00", "2027-06-04T19:00:00+02:00"), (copy.Text("startsAtLocal"), copy.Text("endsAtLocal"), copy.Text("doorsAtLocal")));
        var entries = (await _desk.Manager.GetJsonAsync($"/api/v1/events/{copy.Id()}/schedule")).Items();
        Assert.Equal(["2027-06-04T20:00:00+02:00", "2027-06-07T20:00:00+02:00"], entries.Select(e => e.Text("startsAtLocal")));
        var sections = (await _desk.Manager.GetJsonAsync($"/api/v1/events/{copy.Id()}/sections")).Items();
        Assert.Equal([("Floor", 70L), ("Balcony", 30L)], sections.Select(s => (s.Text("name"), s.Number("capacity"))));
        Assert.Equal(100, await world.Ask<int>("select sum(capacity) from tickets.section_stock where event_id = @id", new { id = copy.Id() }));
        Assert.Equal(["event.created"], await _desk.MessagesAsync(copy.Id()));

        // Without a word it is the same again; without its venue's service too.
        var again = await (await EventDesk.PostTextAsync(_desk.Manager, $"/api/v1/events/{id}/copy", "{}")).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(original.Text("startsAt"), again.Text("startsAt"));
        var named = await _desk.Manager.MakeAsync($"/api/v1/events/{id}/copy", new { name = "A second run" });
        Assert.Equal("a-second-run", named.Text("slug"));
        Assert.Equal("unknown_property", await (await EventDesk.PostTextAsync(_desk.Manager, $"/api/v1/events/{id}/copy", """{"endsAt":"2027-06-04T18:00:00Z"}""")).RefusedAsync(HttpStatusCode.BadRequest));
    }

    [Fact]
    public async Task A_schedule_comes_in_pages_and_stays_as_it_is_when_the_event_is_over()
    {
        var id = await RunAsync();
        foreach (var hour in new[] { 5, 3, 4, 1, 2 })
            await _desk.Manager.MakeAsync($"/api/v1/events/{id}/schedule", new { name = $"{hour}", startsAt = At(s_first.AddHours(hour)), endsAt = At(s_first.AddHours(hour + 1)) });
        var first = await _desk.Manager.GetJsonAsync($"/api/v1/events/{id}/schedule?limit=3");
        var second = await _desk.Manager.GetJsonAsync($"/api/v1/events/{id}/schedule?limit=3&cursor={first.Text("nextCursor")}");
        Assert.Equal(["1", "2", "3", "4", "5"], first.Items().Concat(second.Items()).Select(e => e.Text("name")));
        await _desk.Manager.GetJsonAsync($"/api/v1/events/{id}/schedule?cursor=x", HttpStatusCode.UnprocessableEntity);
        await _desk.Public.GetJsonAsync($"/api/v1/events/{id}/schedule", HttpStatusCode.NotFound);

        await (await _desk.MoveAsync(id, "cancelled")).ReadAsync();
        Assert.Equal(5, (await _desk.Public.GetJsonAsync($"/api/v1/events/{id}/schedule")).Items().Count);
        using var added = await _desk.Manager.PostAsync($"/api/v1/events/{id}/schedule", new { startsAt = At(s_first), endsAt = At(s_last) });
        Assert.Equal("edit_not_allowed", await added.RefusedAsync(HttpStatusCode.Conflict));
        Assert.Equal("edit_not_allowed", await (await RemoveAsync(first.Items()[0].Id(), "*")).RefusedAsync(HttpStatusCode.Conflict));
    }

    [Theory]
    [InlineData("""{"startsAt":"2027-03-26T19:00:00Z"}""", 400)]
    [InlineData("""{"startsAt":"2027-03-26T19:00:00","endsAt":"2027-03-26T20:00:00Z"}""", 400)]
    [InlineData("""{"startsAt":"2027-03-26T19:00:00Z","endsAt":"2027-03-26T20:00:00Z","gate":"A"}""", 400)]
    [InlineData("""{"startsAt":"2027-03-26T19:00:00Z","endsAt":"2027-03-26T19:00:00Z"}""", 422)]
    [InlineData("""{"startsAt":"2027-03-26T19:00:00Z","endsAt":"2027-03-26T20:00:00Z","doorsAt":"2027-03-26T19:01:00Z"}""", 422)]
    [InlineData("""{"startsAt":"2027-03-26T19:00:00Z","endsAt":"2027-03-26T20:00:00Z","doorsAt":"2027-03-19T18:59:59Z"}""", 422)]
    [InlineData("""{"name":"","startsAt":"2027-03-26T19:00:00Z","endsAt":"2027-03-26T20:00:00Z"}""", 422)]
    [InlineData("""{"startsAt":"0001-01-01T00:00:00Z","endsAt":"9999-12-31T00:00:00Z"}""", 422)]
    public async Task An_entry_that_makes_no_sense_is_refused(string body, int status)
    {
        using var answer = await EventDesk.PostTextAsync(_desk.Manager, $"/api/v1/events/{await RunAsync()}/schedule", body);
        await answer.RefusedAsync((HttpStatusCode)status);
    }

    private async Task<Guid> RunAsync(params (string Name, object? Value)[] more) => (await _desk.CreateAsync(
        [("startsAt", At(s_first)), ("endsAt", At(s_last)), ("doorsAt", At(s_first.AddHours(-1))), .. more])).Id();

    private Task<HttpResponseMessage> EditAsync(Guid id, object change, string? ifMatch = "*") => EventDesk.EditAsync(_desk.Manager, HttpMethod.Patch, $"/api/v1/schedule/{id}", change, ifMatch);

    private Task<HttpResponseMessage> RemoveAsync(Guid id, string? ifMatch) => EventDesk.EditAsync(_desk.Manager, HttpMethod.Delete, $"/api/v1/schedule/{id}", null, ifMatch);

    private static string At(DateTimeOffset time) => EventDesk.At(time);
}
