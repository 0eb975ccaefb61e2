using System.Text.Json;
using AdmitOne.Cli.Local;
using AdmitOne.Platform.Http;

namespace AdmitOne.Cli.Scanning;

/// <summary>Who a scanner is, and where it belongs.</summary>
/// <param name="Credential">Sent as <c>Authorization: Device …</c>; whoever has the file is the scanner.</param>
internal sealed record ScannerIdentity(Uri Url, Guid DeviceId, string Credential, Guid EventId, string? Gate);

/// <summary>All that one scanner keeps: who it is, its pack, and what it has scanned. Files are replaced whole or appended to, never half written.</summary>
internal sealed class ScannerFolder(string path)
{
    private const string IdentityFile = "scanner.json";

    public string Path { get; } = System.IO.Path.GetFullPath(path);

    public string PackFile => Named("pack.json");

    public string JournalFile => Named("scans.jsonl");

    public string SyncedFile => Named("synced");

    /// <exception cref="CannotRunException">It has not been activated.</exception>
    public ScannerIdentity Identity() => TryRead<ScannerIdentity>(Named(IdentityFile))
        ?? throw new CannotRunException($"{Path} holds no scanner: activate one with `admitone scan activate`");

    public void Keep(ScannerIdentity identity)
    {
        Directory.CreateDirectory(Path);
        DataFolder.WriteSecret(Named(IdentityFile), JsonSerializer.Serialize(identity, Json.Answers) + "\n");
    }

    /// <returns>null if there is no such file.</returns>
    public static T? TryRead<T>(string file) where T : class
    {
        try
        {
            return File.Exists(file) ? JsonSerializer.Deserialize<T>(File.ReadAllText(file), Json.Answers) : null;
        }
        catch (JsonException fault)
        {
            throw new CannotRunException($"{file} is damaged: {fault.Message}", fault);
        }
    }

    /// <summary>Replaces a file by another of its name: a cut leaves the old one or the new one.</summary>
    public static void Replace(string file, ReadOnlySpan<byte> contents)
    {
        var next = file + ".new";
        using (var stream = new FileStream(next, FileMode.Create, FileAccess.Write))
        {
            stream.Write(contents);
            stream.Flush(flushToDisk: true);
        }
        File.Move(next, file, overwrite: true);
    }

    private string Named(string name) => System.IO.Path.Combine(Path, name);
}
