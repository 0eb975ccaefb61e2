using System.CommandLine;
using AdmitOne.Cli.Commands;

var admitone = new RootCommand("AdmitOne: tickets that admit one, exactly once.")
{
    Up.Create(),
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
};

// Ctrl-C cancels the command's token; a command may then take as long as it needs to leave things in order.
return await admitone.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(2) });
