using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Identity;

/// <summary>The steps of docs/venue.md from the organiser on, with people of Identity only: no token is made by the test.</summary>
public sealed class VenueDayTests(World world) : IClassFixture<World>
{
    private const string Password = "a good long password";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_organiser_a_manager_a_venue_an_event_two_types_a_purchase_and_an_admission()
    {
        var run = await CommandRun.StartAsync(
            [("INTERNAL_API_KEY", world.TicketsSettings["INTERNAL_API_KEY"]), ("AUTH_SERVICE_URL", world.AuthUrl.ToString()), ("VENUE_SERVICE_URL", world.VenuesUrl.ToString())],
            "setup", "--json", "--organiser-name", "Day Hall", "--slug", "day-hall", "--manager-email", "dana@day.example", "--manager-password", Password,
            "--venue-name", "Day Hall", "--capacity", "100", "--time-zone", "Europe/Berlin", "--currency", "EUR");
        Assert.True(run.ExitCode == 0, run.Errors);
        var venue = JsonDocument.Parse(run.Output).RootElement.Text("venueId");
        using var events = await SignedInAsync("dana@day.example", world.EventsUrl);
        using var tickets = await SignedInAsync("dana@day.example", world.TicketsUrl);
        var startsAt = DateTimeOffset.UtcNow.AddHours(2);
        string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        var made = await events.MakeAsync("/api/v1/events", new { name = "The First Day", venueId = venue, startsAt = Time(startsAt), endsAt = Time(startsAt.AddHours(3)), timeZone = "Europe/Berlin" });
        var section = await events.MakeAsync($"/api/v1/events/{made.Id()}/sections", new { name = "Floor", capacity = 50 });
        var types = new List<JsonElement>();
        foreach (var (name, amount) in new[] { ("Regular", 2000), ("Supporter", 3500) })
            types.Add(await tickets.MakeAsync($"/api/v1/events/{made.Id()}/ticket-types", new { name, price = new { amount, currency = "EUR" }, quantity = 20, sectionId = section.Id(), maxPerOrder = 4 }));
        foreach (var to in new[] { "published", "on_sale" })
        {
            using var moved = await events.PostAsync($"/api/v1/events/{made.Id()}/transitions", new { to });
            Assert.True(moved.IsSuccessStatusCode || moved.StatusCode == HttpStatusCode.Conflict, await moved.Content.ReadAsStringAsync(Stop));
        }

        using var browser = new Browser(world.AuthUrl);
        using var signUp = await browser.PostAsync("/sign-up", new { organiser = "day-hall", name = "Gus Guest", email = "gus@guests.example", password = Password });
        var account = Browser.Hidden(await signUp.Content.ReadAsStringAsync(Stop), "account");
        using var confirmed = await browser.PostAsync("/sign-up/code", new { account, email = "gus@guests.example", code = (await browser.MailAsync("gus@guests.example")).Code });
        Assert.Equal(HttpStatusCode.Redirect, confirmed.StatusCode);
        using var guest = await SignedInAsync("gus@guests.example", world.TicketsUrl);
        var body = new { eventId = made.Id(), items = types.Select(type => new { ticketTypeId = type.Id(), quantity = 1 }), payment = new { method = "test", token = "tok_ok" } };
        using var bought = await guest.PostAsync("/api/v1/purchases", body, ("Idempotency-Key", $"{Guid.CreateVersion7()}"));
        var order = await bought.ReadAsync(HttpStatusCode.Created);
        Assert.Equal(2, order.Items("tickets").Count);
        var code = (await guest.GetJsonAsync($"/api/v1/tickets/{order.Items("tickets")[0].Id()}/qr?format=json")).Text("code");

        foreach (var result in new[] { "admitted", "refused" })
        {
            using var scan = await tickets.PostAsync("/api/v1/scans", new { code, eventId = made.Id(), gate = "north", direction = "in" });
            Assert.Equal(result, (await scan.ReadAsync()).Text("result"));
        }
    }

    private async Task<HttpClient> SignedInAsync(string email, Uri service)
    {
        using var api = world.Auth();
        var client = world.Client(service);
        client.DefaultRequestHeaders.Authorization = new("Bearer", (await (await api.PostAsJsonAsync("/api/v1/token", new { email, password = Password }, Stop)).ReadAsync()).Text("accessToken"));
        return client;
    }
}
