using AdmitOne.IntegrationTests.Drills;

namespace AdmitOne.IntegrationTests.Harness;

/// <summary>A small file system of its own, mounted from a file, that a test can fill.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private const int BlockBytes = 64 * 1024;

    private readonly string _image;

    private SmallDisk(string path, string image) => (Path, _image) = (path, image);

    public string Path { get; }

    private string Ballast => System.IO.Path.Combine(Path, "ballast");

    /// <summary>Skips the test where file systems cannot be mounted.</summary>
    public static async Task<SmallDisk> MountAsync(int mebibytes)
    {
        if (!Environment.IsPrivilegedProcess || !ServerTools.IsInstalled("mkfs.ext4")) Assert.Skip("A file system is mounted only by root, with mkfs.ext4 (Debian: e2fsprogs).");
        var path = Directory.CreateTempSubdirectory("admitone-disk-").FullName;
        var disk = new SmallDisk(path, path + ".img");
        await using (var image = File.Create(disk._image)) image.SetLength(mebibytes * 1024L * 1024L);
        await ServerTools.RunAsync("mkfs.ext4", ["-q", "-m", "0", disk._image]);
        await ServerTools.RunAsync("mount", ["-o", "loop", disk._image, path]);
        await ServerTools.RunAsync("chmod", ["755", path]);
        return disk;
    }

    /// <summary>Takes all the room that is left.</summary>
    public void Fill()
    {
        using var ballast = new FileStream(Ballast, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        foreach (var size in new[] { BlockBytes, 1024 })
        {
            try
            {
                for (var block = new byte[size]; ; ballast.Write(block)) { }
            }
            catch (IOException)
            {
                // No room for a block of this size.
            }
        }
    }

    public void Free() => File.Delete(Ballast);

    public async ValueTask DisposeAsync()
    {
        await ServerTools.RunAsync("umount", ["-l", Path]);
        Directory.Delete(Path);
        File.Delete(_image);
    }
}
