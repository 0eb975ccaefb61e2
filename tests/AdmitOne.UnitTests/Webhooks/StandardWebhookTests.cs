using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AdmitOne.Platform.Webhooks;
using AdmitOne.Tickets.Payments;
using Microsoft.AspNetCore.Http;
using StandardWebhooks.Diagnostics;

namespace AdmitOne.UnitTests.Webhooks;

public sealed class StandardWebhookTests
{
    private static readonly JsonElement s_vectors = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Vectors", "webhook-signature.json"))).RootElement;

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, s_vectors.GetProperty("cases").GetArrayLength())];

    [Theory, MemberData(nameof(Cases))]
    public void Signs_as_the_vectors_say_and_takes_nothing_else(int number)
    {
        var (secret, one) = (s_vectors.GetProperty("secret").GetString()!, s_vectors.GetProperty("cases")[number]);
        var (id, timestamp, signature) = (one.GetProperty("webhookId").GetString()!, one.GetProperty("webhookTimestamp").GetInt64(), one.GetProperty("webhookSignature").GetString()!);
        var body = Encoding.UTF8.GetBytes(one.GetProperty("body").GetString()!);

        Assert.Equal(signature, StandardWebhook.Sign(secret, id, timestamp, body));
        Assert.True(StandardWebhook.IsValid(secret, id, timestamp, body, signature));
        Assert.True(StandardWebhook.IsValid(secret, id, timestamp, body, $"v1,AAAA v1a,{signature[3..]} {signature}"));
        Assert.False(StandardWebhook.IsValid(secret, id + "x", timestamp, body, signature));
        Assert.False(StandardWebhook.IsValid(secret, id, timestamp + 1, body, signature));
        Assert.False(StandardWebhook.IsValid(secret, id, timestamp, [.. body, 32], signature));
        Assert.False(StandardWebhook.IsValid(secret[..^1], id, timestamp, body, signature));
        Assert.False(StandardWebhook.IsValid(secret, id, timestamp, body, $"v1a,{signature[3..]}"));
        Assert.False(StandardWebhook.IsValid(secret, id, timestamp, body, ""));
    }

    [Fact]
    public void The_official_library_accepts_what_we_sign_and_refuses_what_was_changed()
    {
        var (secret, now) = ("whsec_" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)), DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds()));
        const string Body = """{"type":"order.paid","data":{"name":"Zoë"}}""";
        var headers = new HeaderDictionary
        {
            [StandardWebhook.IdHeader] = "msg_1",
            [StandardWebhook.TimestampHeader] = $"{now.ToUnixTimeSeconds()}",
            [StandardWebhook.SignatureHeader] = StandardWebhook.Sign(secret, "msg_1", now.ToUnixTimeSeconds(), Encoding.UTF8.GetBytes(Body)),
        };
        var official = new StandardWebhooks.StandardWebhook(secret);
        official.Verify(Body, headers);
        Assert.Throws<WebhookVerificationException>(() => official.Verify(Body + " ", headers));
        Assert.True(StandardWebhook.IsValid(secret, "msg_1", now.ToUnixTimeSeconds(), Encoding.UTF8.GetBytes(Body), official.Sign("msg_1", now, Body)));
    }

    [Fact]
    public void A_secret_without_the_prefix_is_used_as_its_bytes()
    {
        var plain = StandardWebhook.Sign("a secret that is just text, of 40 letters", "msg_1", 1, "{}"u8);
        var encoded = StandardWebhook.Sign("whsec_" + Convert.ToBase64String("a secret that is just text, of 40 letters"u8), "msg_1", 1, "{}"u8);
        Assert.Equal(plain, encoded);
    }

    [Fact]
    public void A_stripe_signature_is_hex_over_time_and_body_and_one_of_several_is_enough()
    {
        // HMAC-SHA256(key "whsec_test", "1492774577.{}"), made with openssl.
        const string Expected = "0d0602f6611bd2252dd4b74b58a4528355a7380639a15e6cc21e3059d56d5b8b";
        Assert.Equal(Expected, StripeSignature.Sign("whsec_test", 1492774577, "{}"u8));
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1492774577), StripeSignature.Verify("whsec_test", $"t=1492774577,v1={new string('0', 64)},v1={Expected},v0=x", "{}"u8));
        Assert.Null(StripeSignature.Verify("whsec_test", $"t=1492774578,v1={Expected}", "{}"u8));
        Assert.Null(StripeSignature.Verify("whsec_test", $"t=1492774577,v0={Expected}", "{}"u8));
        Assert.Null(StripeSignature.Verify("whsec_test", $"t=1492774577,v1={Expected}", "{ }"u8));
        Assert.Null(StripeSignature.Verify("whsec_test", "", "{}"u8));
    }

    [Theory]
    [InlineData(4500, "EUR", 4500L)]
    [InlineData(4500, "JPY", 4500L)]
    [InlineData(4500, "KWD", 4500L)]
    [InlineData(4500, "ISK", 450000L)]
    [InlineData(4500, "UGX", 450000L)]
    [InlineData(4500, "MGA", 45L)]
    [InlineData(4550, "MGA", null)]
    public void Amounts_are_written_as_stripe_counts_them(long minor, string currency, long? stripe) => Assert.Equal(stripe, StripeAmount.Of(minor, currency));
}
