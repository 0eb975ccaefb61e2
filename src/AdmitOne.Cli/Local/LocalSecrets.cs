using System.Security.Cryptography;
using System.Text.Json;
using AdmitOne.Schema;

namespace AdmitOne.Cli.Local;

/// <summary>Secrets, made at random once and kept in one file of the data folder that only its owner can read.</summary>
public sealed class LocalSecrets
{
    /// <summary>The roles of the database that log in; each has a secret by its own name.</summary>
    public static readonly IReadOnlyList<string> Logins = [.. DatabaseRoles.Logins, ServiceSettings.NeighboursRole];

    private const string LettersAndDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    // No two that are read for one another.
    private const string Typeable = "abcdefghjkmnpqrstuvwxyz23456789";

    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true };
    private static readonly Dictionary<string, Func<string>> s_makers = new(
    [
        .. new[] { "JWT_SECRET", "QR_ENCRYPTION_KEY", "INTERNAL_API_KEY", "INTERNAL_WEBHOOK_SECRET", "REDIS_PASSWORD", "postgres" }.Concat(Logins)
            .Select(name => KeyValuePair.Create(name, () => RandomNumberGenerator.GetString(LettersAndDigits, 43))),
        KeyValuePair.Create("CODE_SIGNING_KEY", MakeSigningKey),
        KeyValuePair.Create("DEMO_PASSWORD", () => RandomNumberGenerator.GetString(Typeable, 12)),
    ]);

    private const string Name = "secrets.json";

    private readonly Dictionary<string, string> _kept;

    private LocalSecrets(Dictionary<string, string> kept) => _kept = kept;

    public string this[string name] => _kept[name];

    /// <summary>Reads them, and makes those that are missing: all at the first time, and later what a newer version has added.</summary>
    /// <exception cref="CannotRunException">The file is there and cannot be read.</exception>
    public static LocalSecrets Open(DataFolder data)
    {
        ArgumentNullException.ThrowIfNull(data);
        var file = data.FileNamed(Name);
        try
        {
            var kept = File.Exists(file) ? JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(file))! : [];
            var missing = s_makers.Where(maker => !kept.ContainsKey(maker.Key)).ToList();
            if (missing.Count > 0)
            {
                missing.ForEach(maker => kept[maker.Key] = maker.Value());
                DataFolder.WriteSecret(file, JsonSerializer.Serialize(kept, s_json) + "\n");
            }

            return new LocalSecrets(kept);
        }
        catch (JsonException fault)
        {
            throw Damaged(file, fault);
        }
    }

    /// <summary>Reads one secret of a folder that another process may be using.</summary>
    /// <exception cref="CannotRunException">The folder has no such secret, or we may not read it.</exception>
    public static string Read(string folder, string name)
    {
        var file = Path.Combine(folder, Name);
        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(file))?.GetValueOrDefault(name)
                ?? throw new CannotRunException($"{file} has no {name}");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CannotRunException($"cannot read {file}: {fault.Message}", fault);
        }
        catch (JsonException fault)
        {
            throw Damaged(file, fault);
        }
    }

    private static CannotRunException Damaged(string file, JsonException fault) =>
        new($"{file} is damaged: put back a copy of it, or begin with another data folder", fault);

    private static string MakeSigningKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportPkcs8PrivateKeyPem();
    }
}
