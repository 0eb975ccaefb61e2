using System.Net;
using System.Net.Http.Json;
using System.Text;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.IntegrationTests.Webhooks;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Webhooks;
using AdmitOne.Tickets;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AdmitOne.IntegrationTests.Trust;

/// <summary>Who reads the database, or a dump of it, reads no secret that could be used.</summary>
public sealed class SecretsAtRestTests(Stack stack)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_row_of_any_table_has_a_secret()
    {
        stack.SkipIfMissing();
        await using var stripe = await StripeServer.StartAsync();
        await using var world = await World.StartAsync(stack, [.. stripe.Settings, ("WEBHOOK_ALLOW_LOOPBACK", "true")]);
        var (endpoint, first) = await AddAsync(world, "https://hooks.riverside.example/");
        using var manager = world.Tickets(Roles.VenueManager);
        var rotated = (await (await manager.PostAsync($"/api/v1/webhook-endpoints/{endpoint}/rotate-secret", null, Stop)).ReadAsync()).Text("secret");
        var device = await (await manager.PostAsJsonAsync("/api/v1/devices", new { name = "Scanner" }, Stop)).ReadAsync(HttpStatusCode.Created);
        var sale = await world.PutOnSaleAsync(4);
        var (buyer, key) = (Guid.CreateVersion7(), Guid.CreateVersion7().ToString());
        var pending = await (await world.PayAsync(sale, "stripe", "pm_card_authenticationRequired", buyer: buyer, key: key)).ReadAsync(HttpStatusCode.Accepted);
        var client = pending.GetProperty("paymentAction").Text("clientSecret");
        // The same request again is answered the same, secret and all.
        using var again = await world.PayAsync(sale, "stripe", "pm_card_authenticationRequired", buyer: buyer, key: key);
        Assert.Equal(pending.ToString(), (await again.ReadAsync(HttpStatusCode.Accepted)).ToString());

        string[] secrets =
        [
            first, rotated, client, StripeServer.SecretKey, StripeServer.WebhookSecret, .. device.EnumerateObject().Where(p => p.Name.Contains("ode", StringComparison.Ordinal)).Select(p => p.Value.ToString()),
            .. new[] { "INTERNAL_API_KEY", "INTERNAL_WEBHOOK_SECRET", "JWT_SECRET", "QR_ENCRYPTION_KEY" }.Select(name => world.TicketsSettings[name]!),
        ];
        await using var connection = await world.ConnectAsync();
        var rows = 0;
        foreach (var table in await connection.QueryAsync<string>("select format('%I.%I', schemaname, tablename) from pg_tables where schemaname in ('platform', 'events', 'tickets', 'identity')"))
        {
            var texts = (await connection.QueryAsync<string>($"select t::text from {table} t")).AsList();
            rows += texts.Count;
            foreach (var text in texts) Assert.DoesNotContain(secrets, secret => text.Contains(secret, StringComparison.Ordinal));
        }
        Assert.True(rows > 50, $"There were only {rows} rows to look at.");
    }

    [Fact]
    public async Task Secrets_in_clear_are_encrypted_by_the_service_and_a_rotation_encrypts_them_anew()
    {
        stack.SkipIfMissing();
        await using var receiver = await WebhookReceiver.StartAsync();
        await using var world = await World.StartAsync(stack, ("WEBHOOK_ALLOW_LOOPBACK", "true"));
        var (endpoint, _) = await AddAsync(world, receiver.Url + "/in");
        // As a version before this one kept it.
        var clear = "whsec_" + Convert.ToBase64String(Encoding.UTF8.GetBytes("thirty-two bytes of a known key.."));
        await world.Sql("update tickets.webhook_endpoints set secret = @clear, sealed_with = null where id = @endpoint", new { clear, endpoint });
        var settings = new Dictionary<string, string?>(world.TicketsSettings);
        await world.TicketsServices.GetRequiredService<IHost>().StopAsync(Stop);
        var first = await StartAsync(world, settings);
        await SealedAsync(world, endpoint, not: null);
        await SignedAsync(world, receiver, clear);

        // INTERNAL_API_KEY is rotated: both keys, then the new one alone.
        var before = await world.Ask<string>("select sealed_with from tickets.webhook_endpoints where id = @endpoint", new { endpoint });
        var (old, fresh) = (settings["INTERNAL_API_KEY"], Stack.NewSecret());
        await first.StopAsync(Stop);
        settings["INTERNAL_API_KEY"] = fresh;
        settings["INTERNAL_API_KEY_PREVIOUS"] = old;
        var both = await StartAsync(world, settings);
        await SealedAsync(world, endpoint, not: before);
        await both.StopAsync(Stop);
        settings["INTERNAL_API_KEY_PREVIOUS"] = null;
        await StartAsync(world, settings);
        await SignedAsync(world, receiver, clear);
    }

    private static async Task<(Guid Id, string Secret)> AddAsync(World world, string url)
    {
        using var manager = world.Tickets(Roles.VenueManager);
        manager.DefaultRequestHeaders.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
        using var answer = await manager.PostAsJsonAsync("/api/v1/webhook-endpoints", new { url, types = new[] { "event.created" } }, Stop);
        var made = await answer.ReadAsync(HttpStatusCode.Created);
        return (made.Id(), made.Text("secret"));
    }

    private static Task<Microsoft.AspNetCore.Builder.WebApplication> StartAsync(World world, Dictionary<string, string?> settings) =>
        world.StartAsync(configuration => TicketsService.Build(configuration), settings);

    private static Task SealedAsync(World world, Guid endpoint, string? not) => World.UntilAsync(async () =>
        await world.Ask<string>("select sealed_with from tickets.webhook_endpoints where id = @endpoint and secret like 'sealed:%'", new { endpoint }) is { } key && key != not, TimeSpan.FromSeconds(60));

    private static async Task SignedAsync(World world, WebhookReceiver receiver, string secret)
    {
        var count = receiver.Arrived.Count;
        await world.TellAsync("event.created", count);
        await World.UntilAsync(() => Task.FromResult(receiver.Arrived.Count > count));
        var arrived = receiver.Arrived.Last();
        Assert.True(StandardWebhook.IsValid(secret, arrived.Id, arrived.Timestamp, Encoding.UTF8.GetBytes(arrived.Body), arrived.Signatures));
    }
}
