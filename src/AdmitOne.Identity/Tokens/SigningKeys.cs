using System.Security.Cryptography;
using AdmitOne.Platform.Idempotency;
using Dapper;
using Microsoft.IdentityModel.Tokens;
using Npgsql;

namespace AdmitOne.Identity.Tokens;

/// <summary>
/// The keys that sign tokens when they are published (<c>AUTH_SIGNING=RS256</c> or <c>ES256</c>). The newest signs; the one before stays published, so that
/// tokens outlive a rotation. The database has the private halves encrypted (<see cref="SecretSeal"/>).
/// </summary>
internal sealed class SigningKeys(NpgsqlDataSource source, SecretSeal seal, string algorithm)
{
    private const int Published = 2;

    public string Algorithm => algorithm;

    /// <summary>The key to sign with, made at first use.</summary>
    public async Task<SecurityKey> CurrentAsync(CancellationToken cancellationToken)
    {
        var rows = await ReadAsync(cancellationToken);
        return Open(rows.Count > 0 ? rows[0] : await AddAsync(cancellationToken));
    }

    /// <summary>From now on another key signs.</summary>
    public async Task<string> RotateAsync(CancellationToken cancellationToken) => (await AddAsync(cancellationToken)).Id;

    /// <summary>The public halves, as a JSON Web Key Set (RFC 7517).</summary>
    public async Task<IReadOnlyList<Dictionary<string, string>>> PublishAsync(CancellationToken cancellationToken)
    {
        await CurrentAsync(cancellationToken);
        return [.. (await ReadAsync(cancellationToken)).Select(row =>
        {
            var key = JsonWebKeyConverter.ConvertFromSecurityKey(Open(row));
            return new Dictionary<string, string?> { ["kty"] = key.Kty, ["kid"] = row.Id, ["use"] = "sig", ["alg"] = algorithm, ["n"] = key.N, ["e"] = key.E, ["crv"] = key.Crv, ["x"] = key.X, ["y"] = key.Y }
                .Where(member => member.Value is not null).ToDictionary(member => member.Key, member => member.Value!);
        })];
    }

    private async Task<List<Row>> ReadAsync(CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            "select id, pem from identity.signing_keys where algorithm = @algorithm order by created_at desc limit @Published", new { algorithm, Published },
            cancellationToken: cancellationToken));
        // A key that INTERNAL_API_KEY no longer opens signs nothing more; the next one is made.
        return [.. rows.Select(row => seal.Open(row.Pem, row.Id) is { } pem ? row with { Pem = pem } : null).OfType<Row>()];
    }

    private async Task<Row> AddAsync(CancellationToken cancellationToken)
    {
        using AsymmetricAlgorithm key = algorithm == SecurityAlgorithms.EcdsaSha256 ? ECDsa.Create(ECCurve.NamedCurves.nistP256) : RSA.Create(2048);
        var row = new Row(Guid.CreateVersion7().ToString("n"), key.ExportPkcs8PrivateKeyPem());
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition("insert into identity.signing_keys (id, algorithm, pem) values (@Id, @algorithm, @Pem)",
            new { row.Id, algorithm, Pem = seal.Seal(row.Pem, row.Id) }, cancellationToken: cancellationToken));
        return row;
    }

    private SecurityKey Open(Row row)
    {
        if (algorithm == SecurityAlgorithms.EcdsaSha256)
        {
            var curve = ECDsa.Create();
            curve.ImportFromPem(row.Pem);
            return new ECDsaSecurityKey(curve) { KeyId = row.Id };
        }
        var rsa = RSA.Create();
        rsa.ImportFromPem(row.Pem);
        return new RsaSecurityKey(rsa) { KeyId = row.Id };
    }

    private sealed record Row(string Id, string Pem);
}
