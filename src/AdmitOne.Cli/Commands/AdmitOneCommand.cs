using System.CommandLine;

namespace AdmitOne.Cli.Commands;

/// <summary>`admitone` with everything that it can do.</summary>
internal static class AdmitOneCommand
{
    public static RootCommand Create() => new("AdmitOne: tickets that admit one, exactly once.")
    {
        Up.Create(),
        SetupCommand.Create(),
        RehearseCommand.Create(),
        ScanCommand.Create(),
        MigrateCommand.Create(),
        VerifyCommand.Create(),
        BackupCommand.Create(),
        RestoreCommand.Create(),
        DoctorCommand.Create(),
        TokenCommand.Create(),
        SmokeCommand.Create(),
        PrivacyCommand.Create(),
        DashboardsCommand.Create(),
    };
}
