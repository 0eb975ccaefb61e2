using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using AdmitOne.Platform.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Codes;

/// <summary>The keys that verify static codes (RFC 7517).</summary>
public sealed record TicketKeys(IReadOnlyList<TicketKey> Keys);

/// <summary>One public key on P-256, as a JWK.</summary>
/// <param name="Kid">The thumbprint of RFC 7638. A code does not name its key: try each.</param>
/// <param name="X">32 bytes, base64url.</param>
/// <param name="Y">32 bytes, base64url.</param>
public sealed record TicketKey(string Kty, string Crv, string Use, string Alg, string Kid, string X, string Y)
{
    public static TicketKey Of(ECParameters key)
    {
        var (x, y) = (Base64Url.EncodeToString(key.Q.X), Base64Url.EncodeToString(key.Q.Y));
        var thumbprint = SHA256.HashData(Encoding.ASCII.GetBytes($$"""{"crv":"P-256","kty":"EC","x":"{{x}}","y":"{{y}}"}"""));
        return new TicketKey("EC", "P-256", "sig", "ES256", Base64Url.EncodeToString(thumbprint), x, y);
    }

    /// <exception cref="FormatException">It is no key on P-256.</exception>
    public ECDsa Import()
    {
        try
        {
            return ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = Base64Url.DecodeFromChars(X), Y = Base64Url.DecodeFromChars(Y) } });
        }
        catch (CryptographicException fault)
        {
            throw new FormatException("It is no key on P-256.", fault);
        }
    }
}

internal static class ShowTicketKeys
{
    private const int CacheSeconds = 300;

    private static readonly TicketKeys s_example = new([new TicketKey("EC", "P-256", "sig", "ES256", "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
        "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")]);

    public static void Map(IEndpointRouteBuilder root) =>
        root.MapGet("/.well-known/ticket-keys.json", Handle)
            .WithName("ShowTicketKeys").WithSummary("The public keys that verify static codes").WithTags("Scans")
            .AllowAnonymous().WithRateTier(RateTier.Global).WithAnswerExample(s_example);

    private static Ok<TicketKeys> Handle(CodeSigner signer, HttpContext context)
    {
        context.CacheFor(CacheSeconds);
        return TypedResults.Ok(new TicketKeys([.. signer.PublicKeys.Select(TicketKey.Of)]));
    }
}
