using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Events;

public sealed class CreatingEventsTests(World world) : IClassFixture<World>
{
    private readonly EventDesk _desk = new(world);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_draft_has_the_contracts_defaults()
    {
        var before = TimeProvider.System.GetUtcNow().AddSeconds(-1);
        using var answer = await _desk.Manager.PostAsJsonAsync("/api/v1/events", await _desk.BodyAsync(), Cancellation);
        var made = await answer.ReadAsync(HttpStatusCode.Created);

        Assert.Equal($"/api/v1/events/{made.Id()}", answer.Headers.Location?.OriginalString);
        Assert.Equal("\"1\"", answer.Headers.ETag?.ToString());
        Assert.Equal(("draft", 1, "public", "static"), (made.Text("status"), made.Number("version"), made.Text("visibility"), made.Text("codePolicy")));
        Assert.Equal(world.Tenant, made.Id("tenantId"));
        Assert.Equal(("ours", "Our Hall"), (made.GetProperty("organizer").Text("slug"), made.GetProperty("organizer").Text("name")));
        Assert.Equal("The Hall", made.GetProperty("venue").Text("name"));
        Assert.Equal(made.Instant("startsAt"), made.Instant("doorsAt"));
        Assert.Equal(made.Instant("startsAt"), made.Instant("salesEndAt"));
        Assert.InRange(made.Instant("salesStartAt"), before, TimeProvider.System.GetUtcNow());
        Assert.Equal(made.Instant("doorsAt").AddHours(-4), made.Instant("checkInFrom"));
        Assert.Equal(made.Instant("endsAt"), made.Instant("checkInUntil"));
        Assert.Equal((24, 0), (made.GetProperty("refundPolicy").Number("untilHoursBefore"), made.GetProperty("refundPolicy").Number("feePercent")));
        Assert.True(made.GetProperty("transferPolicy").GetProperty("allowed").GetBoolean());
        Assert.False(made.GetProperty("reEntry").GetBoolean());
        Assert.Empty(made.Items("tags"));
        Assert.Equal(made.ToString(), (await _desk.Manager.GetJsonAsync($"/api/v1/events/{made.Id()}")).ToString());
        Assert.Equal(1, await world.Ask<int>("select count(*) from platform.outbox where resource_id = @id and type = 'event.created'", new { id = made.Id() }));
    }

    [Fact]
    public async Task What_was_said_is_kept_and_null_means_the_default()
    {
        var body = await _desk.BodyAsync(("tags", new[] { " jazz ", "jazz", "open air" }), ("description", "Line one\r\nLine two\t*bold*"), ("categorySlug", "music"),
            ("visibility", "unlisted"), ("ageRestriction", 18), ("imageUrl", "https://images.example.com/a.png"), ("reEntry", true),
            ("refundPolicy", new { untilHoursBefore = 48, feePercent = 10 }), ("transferPolicy", new { allowed = false }));
        foreach (var left in new[] { "doorsAt", "salesStartAt", "salesEndAt", "codePolicy", "checkInFrom", "checkInUntil" }) body[left] = null;
        body["name"] = "  Cafe\u0301  ";
        var made = await _desk.Manager.MakeAsync("/api/v1/events", body);

        Assert.Equal("Caf\u00e9", made.Text("name"));
        Assert.Equal(["jazz", "open air"], made.Items("tags").Select(t => t.GetString()));
        Assert.Equal("Line one\nLine two\t*bold*", made.Text("description"));
        Assert.Equal((48, 10), (made.GetProperty("refundPolicy").Number("untilHoursBefore"), made.GetProperty("refundPolicy").Number("feePercent")));
        Assert.False(made.GetProperty("transferPolicy").GetProperty("allowed").GetBoolean());
        Assert.True(made.GetProperty("reEntry").GetBoolean());
        Assert.StartsWith("cafe", made.Text("slug"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Forty_events_of_one_name_made_at_once_have_forty_slugs()
    {
        var body = await _desk.BodyAsync(("name", "New Year's Gala"));
        var made = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => _desk.Manager.MakeAsync("/api/v1/events", body)));
        var slugs = made.Select(e => e.Text("slug")).ToHashSet();
        Assert.Equal(40, slugs.Count);
        Assert.Contains("new-years-gala", slugs);
        Assert.Contains("new-years-gala-2", slugs);
    }

    [Fact]
    public async Task Only_a_manager_creates()
    {
        foreach (var role in new[] { Roles.Customer, Roles.VenueStaff, Roles.Ops })
        {
            using var client = world.Events(role);
            using var refused = await EventDesk.PostTextAsync(client, "/api/v1/events", "{not even json");
            Assert.Equal("role_required", await refused.RefusedAsync(HttpStatusCode.Forbidden));
        }
        using var nobody = await EventDesk.PostTextAsync(_desk.Public, "/api/v1/events", "{}");
        Assert.Equal("token_missing", await nobody.RefusedAsync(HttpStatusCode.Unauthorized));
    }

    [Fact]
    public async Task A_venue_that_is_unknown_or_anothers_is_named_as_the_fault()
    {
        var theirs = await _desk.VenueAsync(100, world.OtherTenant);
        foreach (var venueId in new[] { theirs, Guid.CreateVersion7() })
        {
            using var answer = await _desk.Manager.PostAsJsonAsync("/api/v1/events", await _desk.BodyAsync(("venueId", venueId)), Cancellation);
            Assert.Equal("/venueId", (await answer.ReadAsync(HttpStatusCode.UnprocessableEntity)).Items("errors").Single().Text("pointer"));
        }
    }

    [Fact]
    public async Task Without_a_venue_service_nothing_is_made_and_it_is_worth_trying_again()
    {
        await using var lonely = await World.StartAsync(Stack.Current, ("VENUE_SERVICE_URL", "http://127.0.0.1:9"));
        var desk = new EventDesk(lonely);
        using var answer = await desk.Manager.PostAsJsonAsync("/api/v1/events", await desk.BodyAsync(), Cancellation);
        Assert.Equal("dependency_unavailable", await answer.RefusedAsync(HttpStatusCode.ServiceUnavailable));
        Assert.NotNull(answer.Headers.RetryAfter);
        Assert.Equal(0, await lonely.Ask<int>("select count(*) from events.events"));
    }

    [Fact]
    public async Task Each_broken_rule_is_422_and_says_where()
    {
        var starts = TimeProvider.System.GetUtcNow().AddDays(30);
        (string Pointer, object? Value)[] rules =
        [
            ("/name", " "), ("/name", new string('x', 201)), ("/name", "a\u0000b"), ("/name", "a\nb"), ("/name", new string('\u0958', 200)),
            ("/description", new string('x', 10_001)), ("/description", "a\u0007"),
            ("/categorySlug", "no-such-thing"), ("/tags", Enumerable.Range(0, 21).Select(i => $"{i}")), ("/tags", new[] { new string('x', 51) }),
            ("/tags", new string?[] { null }), ("/tags", new[] { " " }), ("/timeZone", "Mars/Olympus"), ("/timeZone", "../../etc/passwd"),
            ("/visibility", "secret"), ("/ageRestriction", -1), ("/ageRestriction", 100), ("/imageUrl", "http://example.com/a.png"),
            ("/imageUrl", "https://169.254.169.254/"), ("/codePolicy", "none"),
            ("/refundPolicy/feePercent", 101), ("/refundPolicy/untilHoursBefore", -1), ("/transferPolicy/untilHoursBefore", 1_000_000),
            ("/endsAt", EventDesk.At(starts.AddDays(-1))), ("/doorsAt", EventDesk.At(starts.AddDays(1))), ("/salesEndAt", EventDesk.At(starts.AddDays(9))),
            ("/salesStartAt", EventDesk.At(starts.AddDays(9))), ("/checkInFrom", EventDesk.At(starts.AddDays(9))),
            ("/checkInUntil", EventDesk.At(starts.AddHours(-1))), ("/doorsAt", EventDesk.At(starts.AddYears(-3))),
            ("/startsAt", "0001-01-01T00:00:00Z"), ("/endsAt", "9999-12-31T23:59:59Z"),
        ];
        foreach (var (pointer, value) in rules)
        {
            var path = pointer.Split('/', StringSplitOptions.RemoveEmptyEntries);
            var body = await _desk.BodyAsync((path[0], path.Length == 1 ? value : new Dictionary<string, object?> { [path[1]] = value }));
            using var answer = await _desk.Manager.PostAsJsonAsync("/api/v1/events", body, Cancellation);
            var problem = await answer.ReadAsync(HttpStatusCode.UnprocessableEntity);
            Assert.Equal("validation_failed", problem.Text("code"));
            Assert.Contains(pointer, problem.Items("errors").Select(e => e.Text("pointer")));
        }
    }

    [Fact]
    public async Task What_cannot_be_read_is_400_and_never_a_fault()
    {
        var good = JsonSerializer.Serialize(await _desk.BodyAsync());
        string With(string property) => $"{good[..^1]},{property}}}";
        (string Body, string Code)[] unreadable =
        [
            ("", "invalid_json"), ("{", "invalid_json"), ("null", "invalid_json"), ("[]", "invalid_json"), ("\"x\"", "invalid_json"), ("{}", "invalid_json"),
            (With("\"colour\":1"), "unknown_property"), (With("\"Name\":\"x\""), "unknown_property"), (With("\"tenantId\":\"x\""), "unknown_property"),
            (With("\"name\":\"twice\""), "invalid_json"), (With("\"tags\":\"x\""), "invalid_json"), (With("\"tags\":[1]"), "invalid_json"),
            (With("\"ageRestriction\":\"18\""), "invalid_json"), (With("\"ageRestriction\":99999999999999999999"), "invalid_json"), (With("\"ageRestriction\":1.5"), "invalid_json"),
            (With("\"doorsAt\":\"tomorrow\""), "invalid_json"), (With("\"doorsAt\":\"2026-11-22T19:30:00\""), "invalid_json"), (With("\"doorsAt\":1"), "invalid_json"),
            (With("\"reEntry\":\"yes\""), "invalid_json"), (With("\"refundPolicy\":{\"untilHoursBefore\":null}"), "invalid_json"), (With("\"refundPolicy\":{\"x\":1}"), "unknown_property"),
            (good.Replace("\"name\":\"An Evening by the River\"", "\"name\":null", StringComparison.Ordinal), "invalid_json"),
            (new string('[', 5000), "invalid_json"),
        ];
        foreach (var (body, code) in unreadable)
        {
            using var answer = await EventDesk.PostTextAsync(_desk.Manager, "/api/v1/events", body);
            Assert.True(answer.StatusCode == HttpStatusCode.BadRequest, $"{(int)answer.StatusCode} for {body}");
            Assert.Equal(code, await answer.RefusedAsync(HttpStatusCode.BadRequest));
        }

        using var surrogate = await EventDesk.PostTextAsync(_desk.Manager, "/api/v1/events", With("\"description\":\"\\ud800\""));
        Assert.InRange((int)surrogate.StatusCode, 400, 499);
        using var huge = await EventDesk.PostTextAsync(_desk.Manager, "/api/v1/events", With($"\"description\":\"{new string('x', 1_000_000)}\""));
        Assert.Equal("body_too_large", await huge.RefusedAsync(HttpStatusCode.RequestEntityTooLarge));
        using var form = await EventDesk.PostTextAsync(_desk.Manager, "/api/v1/events", "name=x", "application/x-www-form-urlencoded");
        Assert.Equal("unsupported_media_type", await form.RefusedAsync(HttpStatusCode.UnsupportedMediaType));
    }
}
