using System.Text;
using System.Text.Json;
using AdmitOne.Platform.Outbound;

namespace AdmitOne.UnitTests.Outbound;

public sealed class ServiceSignatureTests
{
    private static readonly JsonElement s_vectors = JsonDocument.Parse(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Vectors", "service-signature.json"))).RootElement;

    private static string Key => s_vectors.GetProperty("key").GetString()!;

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, s_vectors.GetProperty("cases").GetArrayLength())];

    [Theory, MemberData(nameof(Cases))]
    public void A_call_is_signed_as_everybody_else_signs_it(int number)
    {
        var (call, body, signature) = Read(number);
        Assert.Equal(signature, ServiceSignature.Sign(Key, call, body));
        Assert.True(ServiceSignature.IsValid(Key, call, body, signature));
    }

    [Fact]
    public void Whatever_is_changed_breaks_the_signature()
    {
        var (call, body, signature) = Read(1);
        SignedCall[] changed =
        [
            call with { Service = "event-service" }, call with { Timestamp = call.Timestamp + 1 }, call with { Nonce = Guid.Empty.ToString() },
            call with { Method = "PUT" }, call with { PathAndQuery = call.PathAndQuery + "?" }, call with { Tenant = "" },
        ];
        Assert.All(changed, other => Assert.False(ServiceSignature.IsValid(Key, other, body, signature)));
        Assert.False(ServiceSignature.IsValid(Key, call, [.. body, (byte)' '], signature));
        Assert.False(ServiceSignature.IsValid(Key + "x", call, body, signature));
        Assert.False(ServiceSignature.IsValid(Key, call, body, ""));
        Assert.False(ServiceSignature.IsValid(Key, call, body, signature.ToUpperInvariant()));
    }

    private static (SignedCall Call, byte[] Body, string Signature) Read(int number)
    {
        var vector = s_vectors.GetProperty("cases")[number];
        string Text(string name) => vector.GetProperty(name).GetString()!;
        return (new SignedCall(Text("service"), vector.GetProperty("timestamp").GetInt64(), Text("nonce"), Text("method"), Text("pathAndQuery"), Text("tenant")),
            Encoding.UTF8.GetBytes(Text("body")), Text("signature"));
    }
}
