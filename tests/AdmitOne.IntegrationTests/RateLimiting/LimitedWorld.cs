using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.RateLimiting;

/// <summary>A world whose callers are limited. Each test calls from an address of its own, behind a proxy that is trusted.</summary>
public class LimitedWorld(Stack stack) : World(stack,
[
    ("ENABLE_RATE_LIMITING", "true"), ("TRUSTED_PROXIES", "127.0.0.1"), ("RATE_LIMIT_READ_MAX", "200"), ("RATE_LIMIT_GLOBAL_MAX", "60"),
    ("RATE_LIMIT_MULTIPLIERS", "venue_manager:WRITE=3,venue_staff:QR_SCAN=10"), ("RATE_LIMIT_WEBHOOK_MAX", "40"), ("RATE_LIMIT_QR_SCAN_MAX", "30"),
])
{
    /// <summary>An address of the range for documentation that no other test has.</summary>
    public static string NewAddress() => $"2001:db8:{Part()}:{Part()}::1";

    public HttpClient From(string address, Uri? service = null, string? role = null, Guid? userId = null, Guid? tenant = null)
    {
        var client = Client(service ?? TicketsUrl, role, userId, tenant);
        client.DefaultRequestHeaders.Add("X-Forwarded-For", address);
        return client;
    }

    /// <summary>A purchase whose payment is declined: it has been tried with the provider, so it counts.</summary>
    public static async Task<HttpResponseMessage> DeclinedAsync(HttpClient client, Sale sale)
    {
        ArgumentNullException.ThrowIfNull(sale);
        var items = new[] { new { ticketTypeId = sale.TicketTypeId, quantity = 1 } };
        return await client.PostAsync("/api/v1/purchases", new { eventId = sale.EventId, items, payment = new { method = "test", token = "tok_decline" } }, ("Idempotency-Key", $"{Guid.CreateVersion7()}"));
    }

    /// <summary>A hold that breaks a rule: refused before any effect.</summary>
    public static async Task<HttpResponseMessage> HoldNothingAsync(HttpClient client) =>
        await client.PostAsJsonAsync("/api/v1/reservations", new { eventId = Guid.CreateVersion7(), items = Array.Empty<object>() }, TestContext.Current.CancellationToken);

    /// <summary>What <c>RateLimit</c> says: how many calls are left, and for how many seconds.</summary>
    public static (string Tier, int Left, int Seconds) Left(HttpResponseMessage answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        var parts = Assert.Single(answer.Headers.GetValues("RateLimit")).Split(';');
        Assert.Equal(parts[0], Assert.Single(answer.Headers.GetValues("RateLimit-Policy")).Split(';')[0]);
        return (parts[0].Trim('"'), int.Parse(parts[1]["r=".Length..], CultureInfo.InvariantCulture), int.Parse(parts[2]["t=".Length..], CultureInfo.InvariantCulture));
    }

    /// <summary>As many calls as asked, several at once; every answer is either good or says when to come back.</summary>
    /// <returns>How many were let through.</returns>
    public static Task<int> LetThroughAsync(IReadOnlyList<HttpClient> clients, string path, int each) =>
        LetThroughAsync(clients, client => client.GetAsync(path, TestContext.Current.CancellationToken), each);

    public static async Task<int> LetThroughAsync(IReadOnlyList<HttpClient> clients, Func<HttpClient, Task<HttpResponseMessage>> call, int each)
    {
        var statuses = await Task.WhenAll(clients.SelectMany(client => Enumerable.Range(0, 4).Select(async _ =>
        {
            var let = 0;
            for (var i = 0; i < each / 4; i++)
            {
                using var answer = await call(client);
                if (answer.StatusCode != HttpStatusCode.TooManyRequests) let++;
                else Assert.NotNull(answer.Headers.RetryAfter?.Delta);
            }
            return let;
        })));
        return statuses.Sum();
    }

    private static string Part() => RandomNumberGenerator.GetInt32(0x10000).ToString("x", CultureInfo.InvariantCulture);
}
