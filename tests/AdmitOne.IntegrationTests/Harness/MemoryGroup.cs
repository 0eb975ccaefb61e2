using System.Globalization;

namespace AdmitOne.IntegrationTests.Harness;

/// <summary>A control group whose processes may have so much memory together, as a container's.</summary>
internal sealed class MemoryGroup : IDisposable
{
    private const string Version1 = "/sys/fs/cgroup/memory";
    private const string Version2 = "/sys/fs/cgroup";

    private readonly string _folder;

    private MemoryGroup(string folder) => _folder = folder;

    /// <summary>Words before a command that has it run in this group.</summary>
    public IReadOnlyList<string> Enter => ["/bin/sh", "-c", $"echo $$ > {_folder}/cgroup.procs && exec \"$@\"", "sh"];

    /// <summary>Skips the test where there are no groups to be made.</summary>
    public static MemoryGroup Make(int mebibytes)
    {
        var isVersion1 = File.Exists(Path.Combine(Version1, "memory.limit_in_bytes"));
        var root = isVersion1 ? Version1 : Version2;
        if (!Environment.IsPrivilegedProcess || !(isVersion1 || File.Exists(Path.Combine(root, "cgroup.subtree_control")) && File.ReadAllText(Path.Combine(root, "cgroup.subtree_control")).Contains("memory", StringComparison.Ordinal)))
            Assert.Skip("A control group is made only by root, where the kernel has the memory controller.");
        var group = new MemoryGroup(Path.Combine(root, $"admitone-{Guid.CreateVersion7():n}"));
        Directory.CreateDirectory(group._folder);
        group.Write(isVersion1 ? "memory.limit_in_bytes" : "memory.max", (mebibytes * 1024L * 1024L).ToString(CultureInfo.InvariantCulture));
        group.Write(isVersion1 ? "memory.memsw.limit_in_bytes" : "memory.swap.max", isVersion1 ? (mebibytes * 1024L * 1024L).ToString(CultureInfo.InvariantCulture) : "0");
        return group;
    }

    public void Dispose()
    {
        for (var attempt = 0; attempt < 100; attempt++)
        {
            try
            {
                Directory.Delete(_folder);
                return;
            }
            catch (IOException)
            {
                Thread.Sleep(20);   // its last process is still leaving
            }
        }
    }

    // Not every kernel counts what is swapped out.
    private void Write(string file, string text)
    {
        if (File.Exists(Path.Combine(_folder, file))) File.WriteAllText(Path.Combine(_folder, file), text);
    }
}
