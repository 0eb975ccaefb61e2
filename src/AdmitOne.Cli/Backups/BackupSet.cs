using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using AdmitOne.Cli.Local;

namespace AdmitOne.Cli.Backups;

/// <summary>What is known of a backup without restoring it.</summary>
/// <param name="TakenAt">The moment that it shows, by the database's clock.</param>
/// <param name="SchemaVersion">The newest migration that was applied.</param>
/// <param name="Sha256">Of <see cref="BackupSet.Dump"/>, 64 hexadecimal digits.</param>
/// <param name="Rows">Of each table, counted in the snapshot that was dumped.</param>
public sealed record BackupManifest(
    DateTimeOffset TakenAt, string Database, string Server, int SchemaVersion, long Bytes, string Sha256, IReadOnlyDictionary<string, long> Rows);

/// <summary>One backup: a folder with the dump, the roles that it needs, and what it must contain.</summary>
public sealed record BackupSet(string Folder)
{
    public const string Dump = "database.dump";
    public const string Roles = "roles.sql";
    private const string Manifest = "manifest.json";
    private const string Prefix = "admitone-";
    private const string Unfinished = ".unfinished";
    private const string TimeFormat = "yyyyMMdd'T'HHmmss'Z'";
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public string DumpFile => Path.Combine(Folder, Dump);

    public string RolesFile => Path.Combine(Folder, Roles);

    /// <summary>Where a backup is made; it gets its name when it is whole.</summary>
    public static BackupSet Begin(string store)
    {
        Directory.CreateDirectory(store);
        var folder = Path.Combine(store, Prefix + Guid.CreateVersion7().ToString("n") + Unfinished);
        Directory.CreateDirectory(folder);
        File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return new BackupSet(folder);
    }

    /// <summary>Those of a store that were finished, with the time in their names.</summary>
    public static IEnumerable<(BackupSet Set, DateTimeOffset TakenAt)> In(string store)
    {
        foreach (var folder in Directory.EnumerateDirectories(store, Prefix + "*"))
            if (DateTimeOffset.TryParseExact(Path.GetFileName(folder)[Prefix.Length..], TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
                yield return (new BackupSet(folder), at);
    }

    /// <summary>Writes what it must contain, and gives it its name. From then on it counts.</summary>
    public BackupSet Finish(BackupManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        File.WriteAllText(Path.Combine(Folder, Manifest), JsonSerializer.Serialize(manifest, s_json) + "\n");
        var name = Path.Combine(Path.GetDirectoryName(Folder)!, Prefix + manifest.TakenAt.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture));
        if (Directory.Exists(name)) throw new CannotRunException($"{name} exists already: two backups in one second");
        Directory.Move(Folder, name);
        return new BackupSet(name);
    }

    public void Remove() => Directory.Delete(Folder, recursive: true);

    /// <summary>Reads what it must contain, and checks that the dump is the one that was written.</summary>
    /// <exception cref="CannotRunException">It is not whole, or not what it was.</exception>
    public async Task<BackupManifest> CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            var manifest = JsonSerializer.Deserialize<BackupManifest>(await File.ReadAllTextAsync(Path.Combine(Folder, Manifest), cancellationToken), s_json)
                ?? throw new JsonException("it is empty");
            var (bytes, digest) = await DigestAsync(cancellationToken);
            return (bytes, digest) == (manifest.Bytes, manifest.Sha256) ? manifest
                : throw new CannotRunException($"{DumpFile} is damaged: it has {bytes} bytes and the digest {digest}, {Manifest} says {manifest.Bytes} and {manifest.Sha256}; take another backup");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new CannotRunException($"{Folder} is no whole backup: {fault.Message}", fault);
        }
    }

    public async Task<(long Bytes, string Sha256)> DigestAsync(CancellationToken cancellationToken)
    {
        await using var dump = File.OpenRead(DumpFile);
        return (dump.Length, Convert.ToHexStringLower(await SHA256.HashDataAsync(dump, cancellationToken)));
    }
}
