using System.Security.Cryptography;
using System.Text;
using AdmitOne.Schema;

namespace AdmitOne.UnitTests.Schema;

public sealed class ScramVerifierTests
{
    [Fact]
    public void A_verifier_holds_the_keys_of_rfc_5802_and_not_the_password()
    {
        var verifier = ScramVerifier.TryMake("pencil")!;
        var parts = verifier.Split('$', ':');
        Assert.Equal(["SCRAM-SHA-256", "4096"], parts[..2]);
        var salted = Rfc2898DeriveBytes.Pbkdf2("pencil", Convert.FromBase64String(parts[2]), 4096, HashAlgorithmName.SHA256, 32);
        Assert.Equal(Convert.ToBase64String(SHA256.HashData(HMACSHA256.HashData(salted, Encoding.ASCII.GetBytes("Client Key")))), parts[3]);
        Assert.Equal(Convert.ToBase64String(HMACSHA256.HashData(salted, Encoding.ASCII.GetBytes("Server Key"))), parts[4]);
        Assert.NotEqual(verifier, ScramVerifier.TryMake("pencil"));
    }

    [Fact]
    public void A_password_that_needs_preparation_is_left_to_the_server() => Assert.Null(ScramVerifier.TryMake("пароль"));
}
