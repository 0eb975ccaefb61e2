using System.Globalization;
using System.Runtime.InteropServices;

namespace AdmitOne.Platform.Hosting;

/// <summary>
/// How Linux lets this process's threads on a core (<c>sched(7)</c>). Under the usual policy a thread that wakes pushes aside the one that runs: each
/// request then wakes the thread that reads sockets, which wakes a worker, and both fall asleep before the next request comes. A batch thread that
/// wakes waits until a core is free or its turn has come, and finds several requests there.
/// </summary>
public static partial class CpuScheduling
{
    private const int Other = 0;
    private const int Batch = 3;
    private const int NoPriority = 0;   // neither policy has any

    /// <summary>From now on this process's threads push nobody aside, and neither do those that they start, processes among them.</summary>
    /// <returns>Whether the system allowed it for all of them; where it does not, nothing else changes.</returns>
    public static bool UseBatch() => Use(Batch);

    /// <summary>As the system began it.</summary>
    /// <inheritdoc cref="UseBatch" path="/returns" />
    public static bool UseOther() => Use(Other);

    private static bool Use(int policy)
    {
        if (!OperatingSystem.IsLinux()) return false;
        var (done, refused) = (new HashSet<int>(), false);
        // A thread that was started meanwhile has the policy of the one that started it: look until there is none that was not seen.
        while (Directory.EnumerateDirectories("/proc/self/task").Select(path => int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture)).Where(done.Add).ToList() is { Count: > 0 } threads)
        {
            foreach (var thread in threads) refused |= SetScheduler(thread, policy, NoPriority) != 0 && Directory.Exists($"/proc/self/task/{thread}");
        }
        return !refused;
    }

    [LibraryImport("libc", EntryPoint = "sched_setscheduler")]
    private static partial int SetScheduler(int threadId, int policy, in int priority);
}
