using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AdmitOne.Cli.Local;

/// <summary>
/// All that one `./run` keeps: secrets, logs, and the folders of its PostgreSQL and Redis. Holding the object means holding
/// the folder: a second process is refused until this one is disposed of or dies.
/// </summary>
public sealed class DataFolder : IDisposable
{
    /// <summary>Raised when an older program could no longer read what is in the folder.</summary>
    public const int Format = 1;

    private const UnixFileMode OnlyOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OthersMayPass = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private const string Elsewhere = "/var/lib/admitone";

    private readonly FileStream _lock;

    private DataFolder(string path, OrdinaryUser? user, FileStream held)
    {
        Path = path;
        User = user;
        _lock = held;
        Logs = System.IO.Path.Combine(path, "logs");
        Servers = System.IO.Path.Combine(path, "servers");
    }

    public string Path { get; }

    public string Logs { get; }

    /// <summary>Where the private servers keep their data, with links resolved.</summary>
    public string Servers { get; private set; }

    /// <summary>Who the servers run as; null if that is us.</summary>
    public OrdinaryUser? User { get; }

    /// <exception cref="CannotRunException">The folder cannot be written, is in use, or was written by a newer version.</exception>
    public static DataFolder Open(string path)
    {
        path = System.IO.Path.GetFullPath(path);
        try
        {
            if (!Directory.Exists(path))
            {
                Directory.CreateDirectory(path);
                File.SetUnixFileMode(path, OthersMayPass);
            }

            var folder = new DataFolder(path, OrdinaryUser.ForServers(), Hold(path));
            try
            {
                folder.CheckFormat();
                Directory.CreateDirectory(folder.Logs);
                folder.PlaceServers();
                return folder;
            }
            catch
            {
                folder.Dispose();
                throw;
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CannotRunException($"the data folder {path} cannot be written: {fault.Message}", fault);
        }
    }

    public string FileNamed(string name) => System.IO.Path.Combine(Path, name);

    public string Log(string name) => System.IO.Path.Combine(Logs, name + ".log");

    /// <summary>A folder of one server, which belongs to the user that it runs as.</summary>
    public string ServerFolder(string name)
    {
        var folder = System.IO.Path.Combine(Servers, name);
        Directory.CreateDirectory(folder);
        File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        GiveToServers(folder);
        return folder;
    }

    public void GiveToServers(string path)
    {
        if (User is not null)
        {
            Posix.GiveTo(User, path);
        }
    }

    /// <summary>Writes a file that only its owner can read, whole or not at all.</summary>
    public static void WriteSecret(string path, string text)
    {
        var beside = path + ".new";
        File.Delete(beside);
        using (var stream = new FileStream(beside, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OnlyOwner }))
        {
            stream.Write(Encoding.UTF8.GetBytes(text));
            stream.Flush(flushToDisk: true);
        }

        File.Move(beside, path, overwrite: true);
    }

    public void Dispose() => _lock.Dispose();

    private static FileStream Hold(string path)
    {
        try
        {
            // FileShare.None is flock() here: it goes with the process, however that ends.
            return new FileStream(System.IO.Path.Combine(path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException fault) when (IsSharingViolation(fault))
        {
            var by = RunFile.ProcessIdIn(path) is { } id ? $" (process {id})" : "";
            throw new CannotRunException($"another AdmitOne{by} is using the data folder {path}: stop it, or choose another with ADMITONE_DATA", fault);
        }
    }

    // EWOULDBLOCK (11 on Linux, 35 on macOS) is what flock() answers when somebody else holds the file.
    private static bool IsSharingViolation(IOException fault) => fault.HResult is 11 or 35;

    private void CheckFormat()
    {
        var file = FileNamed("version");
        if (!File.Exists(file))
        {
            WriteSecret(file, Format.ToString(CultureInfo.InvariantCulture) + "\n");
            return;
        }

        var text = File.ReadAllText(file).Trim();
        if (!int.TryParse(text, CultureInfo.InvariantCulture, out var found) || found > Format)
        {
            throw new CannotRunException($"the data folder {Path} was written by a newer AdmitOne (format {text}, this one knows {Format}): use that version, or choose another folder with ADMITONE_DATA");
        }
    }

    /// <summary>Makes sure that the servers' user can reach their folder, which below /root it cannot.</summary>
    private void PlaceServers()
    {
        var link = new DirectoryInfo(Servers);
        if (link.LinkTarget is not null)
        {
            Servers = link.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
            Directory.CreateDirectory(Servers);
            return;
        }

        if (User is null)
        {
            Directory.CreateDirectory(Servers);
            return;
        }

        if (!link.Exists && !CanBeEntered(User))
        {
            // Not the path's hash alone: a folder that was removed and made anew must not find its predecessor's cluster.
            var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Path)))[..12] + "-" + RandomNumberGenerator.GetHexString(6, lowercase: true);
            Servers = System.IO.Path.Combine(Elsewhere, name);
            Directory.CreateDirectory(Servers);
            File.SetUnixFileMode(Elsewhere, OthersMayPass);
            File.WriteAllText(System.IO.Path.Combine(Servers, "belongs-to"), Path + "\n");
            Directory.CreateSymbolicLink(link.FullName, Servers);
        }

        Directory.CreateDirectory(Servers);
        File.SetUnixFileMode(Servers, OthersMayPass);
    }

    private bool CanBeEntered(OrdinaryUser user)
    {
        if (user.CanEnter(Path))
        {
            return true;
        }

        // A folder made by `mktemp -d` is closed to others; it is ours to open, as what is secret in it is 0600. What lies above is not.
        if (!user.CanEnter(System.IO.Path.GetDirectoryName(Path) ?? "/"))
        {
            return false;
        }

        File.SetUnixFileMode(Path, File.GetUnixFileMode(Path) | OthersMayPass);
        return user.CanEnter(Path);
    }
}
