using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Harness;

/// <summary>Tickets as tokens: the minting neighbour does as it is told.</summary>
public partial class World
{
    /// <summary>From now on the neighbour answers like this: prompt, late, twice, shuffled, never or failed.</summary>
    public async Task MintingAnswersAsync(string answers = "prompt", int delayMs = 0, int loseEvery = 0, bool away = false, Guid? refuse = null)
    {
        using var client = Client(MintingUrl, Roles.Admin);
        using var answer = await client.PutAsJsonAsync("/api/v1/manners", new { answerTo = TicketsUrl, answers, delayMs, loseEvery, away, refuse }, Cancellation);
        await answer.ReadAsync();
    }

    /// <summary>What the ticket says of its token: <c>default</c> (undefined) if nothing.</summary>
    public async Task<JsonElement> NftAsync(Guid ticketId)
    {
        using var client = Tickets(Roles.VenueManager);
        return (await client.GetJsonAsync($"/api/v1/tickets/{ticketId}")).TryGetProperty("nft", out var nft) && nft.ValueKind == JsonValueKind.Object ? nft : default;
    }

    public Task UntilNftIsAsync(Guid ticketId, string status) =>
        UntilAsync(async () => await NftAsync(ticketId) is { ValueKind: JsonValueKind.Object } nft && nft.Text("status") == status);

    /// <summary>A webhook of the minting service, signed as everybody signs them.</summary>
    public async Task<HttpResponseMessage> SendMintWebhookAsync(object body, string? id = null, TimeSpan age = default, string? secret = null, Uri? replica = null)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(body);
        var message = (Id: id ?? $"mint_{Guid.CreateVersion7():n}", Timestamp: (TimeProvider.System.GetUtcNow() - age).ToUnixTimeSeconds());
        using var client = Client(replica ?? TicketsUrl);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/webhooks/minting") { Content = new ByteArrayContent(bytes) { Headers = { ContentType = new("application/json") } } };
        request.Headers.Add("webhook-id", message.Id);
        request.Headers.Add("webhook-timestamp", message.Timestamp.ToString(System.Globalization.CultureInfo.InvariantCulture));
        request.Headers.Add("webhook-signature", AdmitOne.Platform.Webhooks.StandardWebhook.Sign(secret ?? _secrets["INTERNAL_WEBHOOK_SECRET"], message.Id, message.Timestamp, bytes));
        return await client.SendAsync(request, Cancellation);
    }

    public async Task<IReadOnlyList<JsonElement>> MintJobsAsync(string query)
    {
        using var client = Tickets(Roles.VenueManager);
        return (await client.GetJsonAsync($"/api/v1/mint-jobs?limit=100&{query}")).Items();
    }

    public async Task<JsonElement> ReplayMintJobAsync(Guid jobId)
    {
        using var client = Tickets(Roles.VenueManager);
        using var answer = await client.PostAsync($"/api/v1/mint-jobs/{jobId}/replay", null, Cancellation);
        return await answer.ReadAsync(HttpStatusCode.OK);
    }
}
