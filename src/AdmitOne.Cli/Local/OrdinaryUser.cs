using System.Diagnostics;

namespace AdmitOne.Cli.Local;

/// <summary>Who the private servers run as when we are root: PostgreSQL refuses to be, and Redis has no reason to be.</summary>
public sealed record OrdinaryUser(string Name, uint UserId, uint GroupId)
{
    private const string OurOwn = "admitone";

    /// <returns>null if we are an ordinary user ourselves.</returns>
    /// <exception cref="CannotRunException">We are root, and there is no user to become.</exception>
    public static OrdinaryUser? ForServers()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return null;
        }

        if (!OperatingSystem.IsLinux())
        {
            throw new CannotRunException("do not run this as root: PostgreSQL refuses to, and only Linux has the tools to become somebody else");
        }

        return Find("postgres") ?? Find(OurOwn) ?? Create();
    }

    /// <summary>The words before a command that make it run as this user.</summary>
    public IEnumerable<string> Prefix => ["setpriv", $"--reuid={UserId}", $"--regid={GroupId}", "--clear-groups", "--"];

    /// <summary>Whether this user can enter the folder, which takes the right to pass through every folder above it.</summary>
    public bool CanEnter(string folder)
    {
        using var test = Process.Start(new ProcessStartInfo("setpriv", [.. Prefix.Skip(1), "test", "-x", folder]))!;
        test.WaitForExit();
        return test.ExitCode == 0;
    }

    private static OrdinaryUser? Find(string name)
    {
        foreach (var line in File.ReadLines("/etc/passwd"))
        {
            if (line.Split(':') is [var found, _, var user, var group, ..] && found == name)
            {
                return new OrdinaryUser(name, uint.Parse(user), uint.Parse(group));
            }
        }

        return null;
    }

    private static OrdinaryUser Create()
    {
        using var useradd = Process.Start("useradd", ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", OurOwn]);
        useradd.WaitForExit();
        return Find(OurOwn) ?? throw new CannotRunException($"the user {OurOwn}, as whom PostgreSQL and Redis would run, cannot be created with useradd");
    }
}
