using System.Runtime.InteropServices;

namespace AdmitOne.Cli.Local;

/// <summary>The few calls of the operating system that .NET has no name for.</summary>
internal static partial class Posix
{
    public const int Kill = 9;
    public const int Terminate = 15;
    public const int Interrupt = 2;
    public const int Quit = 3;

    /// <summary>Sends a signal; a process that has gone meanwhile is what the caller wanted anyway.</summary>
    public static void Signal(int processId, int signal) => _ = SendSignal(processId, signal);

    /// <exception cref="IOException">The owner cannot be changed.</exception>
    public static void GiveTo(OrdinaryUser user, string path)
    {
        if (ChangeOwner(path, user.UserId, user.GroupId) != 0)
        {
            throw new IOException($"{path} cannot be given to the user {user.Name}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int processId, int signal);

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint userId, uint groupId);
}
