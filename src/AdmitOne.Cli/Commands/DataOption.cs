using System.CommandLine;
using AdmitOne.Cli.Local;

namespace AdmitOne.Cli.Commands;

/// <summary>Which data folder of `./run` a command means: the one that was said, or the usual one if AdmitOne runs on it.</summary>
internal static class DataOption
{
    public static Option<DirectoryInfo?> Create(string instead) => new("--data")
    {
        Description = $"The data folder of ./run; without it, {instead}, or else the folder of ADMITONE_DATA (.data) if AdmitOne runs on it.",
        HelpName = "FOLDER",
    };

    /// <returns>null if it was not said and AdmitOne does not run on the usual one.</returns>
    public static string? Folder(GivenVariables given, DirectoryInfo? said, bool preferVariables)
    {
        if (said is not null) return said.FullName;
        if (preferVariables) return null;
        var usual = Path.GetFullPath(given["ADMITONE_DATA"] ?? ".data");
        return RunFile.ExistsIn(usual) ? usual : null;
    }
}
