using System.Globalization;
using System.Net;
using System.Text;
using AdmitOne.IntegrationTests.Harness;
using Ical.Net.CalendarComponents;

namespace AdmitOne.IntegrationTests.Events;

/// <summary>Our calendars as another implementation reads them: Ical.Net.</summary>
public sealed class CalendarTests(World world) : IClassFixture<World>
{
    private readonly EventDesk _desk = new(world);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_event_is_one_entry_with_all_that_was_written_of_it()
    {
        const string Name = "Grüße; \"Jazz\", 日本 🎟 — and a title that is long enough to be folded over several lines of seventy-five octets";
        var text = "Line one,\nline two; \\ backslash\n\n" + string.Concat(Enumerable.Repeat("Ünïcödé ", 80)) + "end";
        var id = await _desk.CreateInAsync("published", ("name", Name), ("description", text), ("tags", new[] { "open air" }), ("categorySlug", "music"),
            ("startsAt", "2027-03-27T19:30:00Z"), ("endsAt", "2027-03-28T02:00:00Z"));
        var (calendar, response) = await ReadAsync(id);

        Assert.Equal(("text/calendar", "utf-8"), (response.Content.Headers.ContentType?.MediaType, response.Content.Headers.ContentType?.CharSet));
        Assert.Equal($"inline; filename=\"{(await _desk.FindAsync(id)).Text("slug")}.ics\"", response.Content.Headers.ContentDisposition?.ToString());
        Assert.Equal(("2.0", "PUBLISH"), (calendar.Version, calendar.Method));
        var entry = calendar.Events.Single();
        Assert.Equal((Name, text, "The Hall, 1 Quay Street, Rotterdam"), (entry.Summary, entry.Description, entry.Location));
        Assert.Equal(("2027-03-27T19:30:00Z", "2027-03-28T02:00:00Z"), (Instant(entry.DtStart), Instant(entry.DtEnd)));
        Assert.Equal(($"{id}@admitone", "CONFIRMED"), (entry.Uid, entry.Status));
        Assert.Equal(["music", "open air"], entry.Categories);
    }

    [Fact]
    public async Task An_entry_keeps_its_name_and_counts_its_changes_until_it_is_cancelled()
    {
        var id = await _desk.CreateInAsync("published");
        var first = Entries(await ReadAsync(id)).Single();
        await (await _desk.ChangeAsync(id, new { name = "Renamed" })).ReadAsync();
        var second = Entries(await ReadAsync(id)).Single();
        await (await _desk.MoveAsync(id, "postponed")).ReadAsync();
        var third = Entries(await ReadAsync(id)).Single();
        await (await _desk.MoveAsync(id, "cancelled")).ReadAsync();
        var last = Entries(await ReadAsync(id)).Single();
        Assert.Equal(["CONFIRMED", "CONFIRMED", "TENTATIVE", "CANCELLED"], new[] { first, second, third, last }.Select(e => e.Status));
        Assert.Single(new[] { first, second, third, last }.Select(e => e.Uid).Distinct());
        int[] sequences = [.. new[] { first, second, third, last }.Select(e => e.Sequence)];
        Assert.Equal(sequences.Distinct().Order(), sequences);
        Assert.Equal("Renamed", second.Summary);
        Assert.True(first.DtStamp!.AsUtc <= last.DtStamp!.AsUtc);
    }

    [Fact]
    public async Task A_run_of_evenings_has_an_entry_for_each()
    {
        var id = await _desk.CreateInAsync("published", ("startsAt", "2027-03-26T19:00:00Z"), ("endsAt", "2027-03-30T21:00:00Z"));
        var one = await _desk.Manager.MakeAsync($"/api/v1/events/{id}/schedule", new { name = "Opening night", startsAt = "2027-03-26T19:00:00Z", endsAt = "2027-03-26T21:00:00Z" });
        await _desk.Manager.MakeAsync($"/api/v1/events/{id}/schedule", new { startsAt = "2027-03-29T18:00:00Z", endsAt = "2027-03-29T20:00:00Z" });
        var before = Entries(await ReadAsync(id));
        Assert.Equal(["An Evening by the River: Opening night", "An Evening by the River"], before.Select(e => e.Summary));
        Assert.Equal(["2027-03-26T19:00:00Z", "2027-03-29T18:00:00Z"], before.Select(e => Instant(e.DtStart)));

        await (await EventDesk.EditAsync(_desk.Manager, HttpMethod.Patch, $"/api/v1/schedule/{one.Id()}", new { endsAt = "2027-03-26T22:00:00Z" })).ReadAsync();
        var after = Entries(await ReadAsync(id));
        Assert.Equal(before.Select(e => e.Uid), after.Select(e => e.Uid));
        Assert.True(after[0].Sequence > before[0].Sequence);
    }

    [Fact]
    public async Task It_is_seen_by_who_sees_the_event_and_not_sent_twice()
    {
        var id = await _desk.CreateInAsync("published");
        using var first = await _desk.Public.GetAsync($"/api/v1/events/{id}/calendar.ics", Cancellation);
        Assert.True(first.Headers.CacheControl?.Public);
        using var again = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/events/{id}/calendar.ics") { Headers = { IfNoneMatch = { first.Headers.ETag! } } };
        Assert.Equal(HttpStatusCode.NotModified, (await _desk.Public.SendAsync(again, Cancellation)).StatusCode);

        var draft = await _desk.CreateInAsync("draft");
        Assert.Equal(HttpStatusCode.OK, (await _desk.Manager.GetAsync($"/api/v1/events/{draft}/calendar.ics", Cancellation)).StatusCode);
        foreach (var client in new[] { _desk.Public, _desk.OtherManager })
            Assert.Equal("not_found", await (await client.GetAsync($"/api/v1/events/{draft}/calendar.ics", Cancellation)).RefusedAsync(HttpStatusCode.NotFound));
    }

    private async Task<(Ical.Net.Calendar Calendar, HttpResponseMessage Response)> ReadAsync(Guid id)
    {
        var response = await _desk.Public.GetAsync($"/api/v1/events/{id}/calendar.ics", Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var text = await response.Content.ReadAsStringAsync(Cancellation);
        Assert.DoesNotContain('\n', text.Replace("\r\n", "", StringComparison.Ordinal));
        Assert.All(text.Split("\r\n"), line => Assert.InRange(Encoding.UTF8.GetByteCount(line), 0, 75));
        return (Ical.Net.Calendar.Load(text)!, response);
    }

    private static IReadOnlyList<CalendarEvent> Entries((Ical.Net.Calendar Calendar, HttpResponseMessage Response) read) => [.. read.Calendar.Events];

    private static string Instant(Ical.Net.DataTypes.CalDateTime? time) => time!.AsUtc.ToString("yyyy-MM-dd'T'HH:mm:ssK", CultureInfo.InvariantCulture);
}
