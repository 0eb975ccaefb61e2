using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Events;

/// <summary>What a calendar makes of ours: read by python3-icalendar, which knows nothing of us.</summary>
public sealed class CalendarTests(World world) : IClassFixture<World>
{
    private const string Reader = """
        import json, sys
        from icalendar import Calendar
        calendar = Calendar.from_ical(sys.stdin.buffer.read())
        entries = [{
            "uid": str(e["uid"]), "summary": str(e["summary"]), "description": str(e.get("description", "")), "location": str(e.get("location", "")),
            "start": e["dtstart"].dt.isoformat(), "end": e["dtend"].dt.isoformat(), "stamp": e["dtstamp"].dt.isoformat(),
            "sequence": int(e["sequence"]), "status": str(e["status"]),
            "categories": [str(c) for c in e["categories"].cats] if "categories" in e else [], "errors": [str(x) for x in e.errors],
        } for e in calendar.walk("VEVENT")]
        print(json.dumps({"version": str(calendar["version"]), "method": str(calendar["method"]), "prodid": str(calendar["prodid"]), "entries": entries}))
        """;

    private readonly EventDesk _desk = new(world);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_event_is_one_entry_with_all_that_was_written_of_it()
    {
        const string Name = "Grüße; \"Jazz\", 日本 🎟 — and a title that is long enough to be folded over several lines of seventy-five octets";
        var text = "Line one,\nline two; \\ backslash\n\n" + string.Concat(Enumerable.Repeat("Ünïcödé ", 80)) + "end";
        var id = await _desk.CreateInAsync("published", ("name", Name), ("description", text), ("tags", new[] { "open air" }), ("categorySlug", "music"),
            ("startsAt", "2027-03-27T19:30:00Z"), ("endsAt", "2027-03-28T02:00:00Z"));
        var (calendar, answer) = await ReadAsync(id);

        Assert.Equal(("text/calendar", "utf-8"), (answer.Content.Headers.ContentType?.MediaType, answer.Content.Headers.ContentType?.CharSet));
        Assert.Equal($"inline; filename=\"{(await _desk.FindAsync(id)).Text("slug")}.ics\"", answer.Content.Headers.ContentDisposition?.ToString());
        Assert.Equal(("2.0", "PUBLISH"), (calendar.Text("version"), calendar.Text("method")));
        var entry = calendar.Items("entries").Single();
        Assert.Equal((Name, text, "The Hall, 1 Quay Street, Rotterdam"), (entry.Text("summary"), entry.Text("description"), entry.Text("location")));
        Assert.Equal(("2027-03-27T19:30:00+00:00", "2027-03-28T02:00:00+00:00", $"{id}@admitone", "CONFIRMED"), (entry.Text("start"), entry.Text("end"), entry.Text("uid"), entry.Text("status")));
        Assert.Equal(["music", "open air"], entry.Items("categories").Select(c => c.GetString()));
        Assert.Empty(entry.Items("errors"));
    }

    [Fact]
    public async Task An_entry_keeps_its_name_and_counts_its_changes_until_it_is_cancelled()
    {
        var id = await _desk.CreateInAsync("published");
        var first = (await ReadAsync(id)).Calendar.Items("entries").Single();
        await (await _desk.ChangeAsync(id, new { name = "Renamed" })).ReadAsync();
        var second = (await ReadAsync(id)).Calendar.Items("entries").Single();
        await (await _desk.MoveAsync(id, "postponed")).ReadAsync();
        var third = (await ReadAsync(id)).Calendar.Items("entries").Single();
        await (await _desk.MoveAsync(id, "cancelled")).ReadAsync();
        var last = (await ReadAsync(id)).Calendar.Items("entries").Single();
        Assert.Equal(["CONFIRMED", "CONFIRMED", "TENTATIVE", "CANCELLED"], new[] { first, second, third, last }.Select(e => e.Text("status")));
        Assert.Single(new[] { first, second, third, last }.Select(e => e.Text("uid")).Distinct());
        long[] sequences = [.. new[] { first, second, third, last }.Select(e => e.Number("sequence"))];
        Assert.Equal(sequences.Distinct().Order(), sequences);
        Assert.Equal("Renamed", second.Text("summary"));
        Assert.True(string.CompareOrdinal(first.Text("stamp"), last.Text("stamp")) <= 0);
    }

    [Fact]
    public async Task A_run_of_evenings_has_an_entry_for_each()
    {
        var id = await _desk.CreateInAsync("published", ("startsAt", "2027-03-26T19:00:00Z"), ("endsAt", "2027-03-30T21:00:00Z"));
        var one = await _desk.Manager.MakeAsync($"/api/v1/events/{id}/schedule", new { name = "Opening night", startsAt = "2027-03-26T19:00:00Z", endsAt = "2027-03-26T21:00:00Z" });
        await _desk.Manager.MakeAsync($"/api/v1/events/{id}/schedule", new { startsAt = "2027-03-29T18:00:00Z", endsAt = "2027-03-29T20:00:00Z" });
        var before = (await ReadAsync(id)).Calendar.Items("entries");
        Assert.Equal(["An Evening by the River: Opening night", "An Evening by the River"], before.Select(e => e.Text("summary")));
        Assert.Equal(["2027-03-26T19:00:00+00:00", "2027-03-29T18:00:00+00:00"], before.Select(e => e.Text("start")));

        await (await EventDesk.EditAsync(_desk.Manager, HttpMethod.Patch, $"/api/v1/schedule/{one.Id()}", new { endsAt = "2027-03-26T22:00:00Z" })).ReadAsync();
        var after = (await ReadAsync(id)).Calendar.Items("entries");
        Assert.Equal(before.Select(e => e.Text("uid")), after.Select(e => e.Text("uid")));
        Assert.True(after[0].Number("sequence") > before[0].Number("sequence"));
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

    private async Task<(JsonElement Calendar, HttpResponseMessage Answer)> ReadAsync(Guid id)
    {
        var answer = await _desk.Public.GetAsync($"/api/v1/events/{id}/calendar.ics", Cancellation);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var bytes = await answer.Content.ReadAsByteArrayAsync(Cancellation);
        var text = Encoding.UTF8.GetString(bytes);
        Assert.DoesNotContain('\n', text.Replace("\r\n", "", StringComparison.Ordinal));
        Assert.All(text.Split("\r\n"), line => Assert.InRange(Encoding.UTF8.GetByteCount(line), 0, 75));
        return (JsonDocument.Parse(await RunAsync(bytes)).RootElement, answer);
    }

    // Debian's python3-icalendar; ./test installs it. A laptop without it goes without these tests, a build server does not.
    private static async Task<string> RunAsync(byte[] calendar)
    {
        // Debian's own one has Debian's packages, whichever comes first in PATH.
        var start = new ProcessStartInfo(File.Exists("/usr/lib/python3/dist-packages/icalendar/__init__.py") ? "/usr/bin/python3" : "python3", ["-c", Reader]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            SkipOrFail("python3 is not here");
            return "";
        }
        using (process)
        {
            await process.StandardInput.BaseStream.WriteAsync(calendar, Cancellation);
            process.StandardInput.Close();
            var (read, said) = (process.StandardOutput.ReadToEndAsync(Cancellation), process.StandardError.ReadToEndAsync(Cancellation));
            await process.WaitForExitAsync(Cancellation);
            if ((await said).Contains("No module named 'icalendar'", StringComparison.Ordinal)) SkipOrFail("python3-icalendar is not here");
            Assert.True(process.ExitCode == 0, await said);
            return await read;
        }
    }

    private static void SkipOrFail(string why)
    {
        if (Environment.GetEnvironmentVariable("CI") is "true") Assert.Fail(why);
        Assert.Skip(why);
    }
}
