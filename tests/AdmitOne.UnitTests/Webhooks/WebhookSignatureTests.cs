using System.Text;
using System.Text.Json;
using AdmitOne.Platform.Webhooks;

namespace AdmitOne.UnitTests.Webhooks;

public sealed class WebhookSignatureTests
{
    private static readonly JsonElement s_vectors = JsonDocument.Parse(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Vectors", "webhook-signature.json"))).RootElement;

    private static string Secret => s_vectors.GetProperty("secret").GetString()!;

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, s_vectors.GetProperty("cases").GetArrayLength())];

    [Theory, MemberData(nameof(Cases))]
    public void A_webhook_is_signed_as_everybody_else_signs_it(int number)
    {
        var (message, body, signature) = Read(number);
        Assert.Equal(signature, WebhookSignature.Sign(Secret, message, body));
        Assert.True(WebhookSignature.IsValid(Secret, message, body, $"v1,AAAA v2,{signature[3..]} {signature}"));
    }

    [Fact]
    public void Whatever_is_changed_breaks_the_signature()
    {
        var (message, body, signature) = Read(0);
        Assert.False(WebhookSignature.IsValid(Secret, (message.Id + "x", message.Timestamp), body, signature));
        Assert.False(WebhookSignature.IsValid(Secret, (message.Id, message.Timestamp + 1), body, signature));
        Assert.False(WebhookSignature.IsValid(Secret, message, [.. body, (byte)' '], signature));
        Assert.False(WebhookSignature.IsValid(Secret + "x", message, body, signature));
        foreach (var other in new[] { "", " ", "v1,", signature[3..], "v1a," + signature[3..] }) Assert.False(WebhookSignature.IsValid(Secret, message, body, other));
    }

    private static ((string Id, long Timestamp) Message, byte[] Body, string Signature) Read(int number)
    {
        var vector = s_vectors.GetProperty("cases")[number];
        return ((vector.GetProperty("webhookId").GetString()!, vector.GetProperty("webhookTimestamp").GetInt64()), Encoding.UTF8.GetBytes(vector.GetProperty("body").GetString()!),
            vector.GetProperty("webhookSignature").GetString()!);
    }
}
