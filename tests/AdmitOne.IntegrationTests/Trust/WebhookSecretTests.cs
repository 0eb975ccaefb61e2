using System.Net;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Tickets;

namespace AdmitOne.IntegrationTests.Trust;

/// <summary>The payment service cannot speak for the minting service, nor the other way round, where each has a secret of its own.</summary>
public sealed class WebhookSecretTests(World world) : IClassFixture<World>
{
    [Fact]
    public async Task Each_sender_has_its_own_secret_and_a_rotation_accepts_the_previous_one()
    {
        var (shared, payment, minting) = (world.TicketsSettings["INTERNAL_WEBHOOK_SECRET"]!, Stack.NewSecret(), Stack.NewSecret());
        // From the shared secret to one for each: the shared one is the previous one for a while.
        var moving = await StartAsync(("PAYMENT_WEBHOOK_SECRET", payment), ("PAYMENT_WEBHOOK_SECRET_PREVIOUS", shared), ("MINTING_WEBHOOK_SECRET", minting));
        foreach (var secret in new[] { payment, shared }) Assert.Equal(HttpStatusCode.OK, await PayAsync(moving, secret));
        Assert.Equal(HttpStatusCode.Unauthorized, await PayAsync(moving, minting));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (await MintAsync(moving, minting), await MintAsync(moving, payment), await MintAsync(moving, shared)));

        var (fresh, moved) = (Stack.NewSecret(), new List<(string, string)> { ("MINTING_WEBHOOK_SECRET", minting) });
        var both = await StartAsync([.. moved, ("PAYMENT_WEBHOOK_SECRET", fresh), ("PAYMENT_WEBHOOK_SECRET_PREVIOUS", payment)]);
        foreach (var secret in new[] { fresh, payment }) Assert.Equal(HttpStatusCode.OK, await PayAsync(both, secret));
        Assert.Equal(HttpStatusCode.Unauthorized, await PayAsync(both, shared));

        // Without secrets of their own, the shared one counts for both.
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (await PayAsync(world.TicketsUrl, shared), await MintAsync(world.TicketsUrl, shared)));
    }

    private async Task<HttpStatusCode> PayAsync(Uri url, string secret)
    {
        using var answer = await world.PaymentWebhookAsync(new { type = "payment.confirmed", data = new { orderId = Guid.CreateVersion7() } }, secret: secret, replica: url);
        return answer.StatusCode;
    }

    private async Task<HttpStatusCode> MintAsync(Uri url, string secret)
    {
        using var answer = await world.SendMintWebhookAsync(new { type = "token.minted", data = new { jobId = Guid.CreateVersion7(), tokenId = "1" } }, secret: secret, replica: url);
        return answer.StatusCode;
    }

    private async Task<Uri> StartAsync(params (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string?>(world.TicketsSettings);
        foreach (var (name, value) in settings) all[name] = value;
        return World.Address(await world.StartAsync(configuration => TicketsService.Build(configuration), all));
    }
}
