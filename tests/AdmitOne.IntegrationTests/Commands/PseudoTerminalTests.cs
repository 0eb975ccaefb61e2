using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Commands;

/// <summary>What a person sees: the command in a pseudo terminal of so many columns, made by <c>script</c>.</summary>
public sealed partial class PseudoTerminalTests
{
    [Theory]
    [InlineData(80)]
    [InlineData(200)]
    public async Task Findings_are_drawn_within_the_width_and_in_colour(int columns)
    {
        var seen = await RunAsync(columns, noColor: false);
        Assert.Contains("\u001b[", seen, StringComparison.Ordinal);
        // What a carriage return leads back over is drawn over: the spinner, while the probes run.
        string[] lines = [.. Codes().Replace(seen, "").Split("\r\n").Select(line => line[(line.LastIndexOf('\r') + 1)..])];
        Assert.InRange(lines.Max(line => line.Length), columns / 2, columns);
        // A text that is longer than its column goes on below itself.
        if (columns == 80) Assert.Contains(lines, line => line.StartsWith(new string(' ', 30), StringComparison.Ordinal) && line.Trim().Length > 0 && !line.Contains('→', StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_colour_there_is_no_code_of_one()
    {
        var seen = await RunAsync(80, noColor: true);
        Assert.Contains("NO-GO", seen, StringComparison.Ordinal);
        Assert.DoesNotMatch(Colour(), seen);
    }

    private static async Task<string> RunAsync(int columns, bool noColor)
    {
        if (!OperatingSystem.IsLinux() || !File.Exists("/usr/bin/script")) Assert.Skip("There is no script(1) of util-linux here.");
        var command = string.Create(CultureInfo.InvariantCulture, $"stty cols {columns} rows 50; exec '{Path.Combine(AppContext.BaseDirectory, "admitone")}' doctor --env");
        var start = new ProcessStartInfo("/usr/bin/script", ["-qec", command, "/dev/null"]) { RedirectStandardOutput = true, RedirectStandardInput = true };
        start.Environment["TERM"] = "xterm-256color";
        start.Environment.Remove("NO_COLOR");
        if (noColor) start.Environment["NO_COLOR"] = "1";
        CommandRun.TellToCompileOnce(start);
        using var process = Process.Start(start)!;
        var seen = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode is 0 or 1, seen);
        return seen;
    }

    [GeneratedRegex(@"\x1b\[[0-9;?]*[A-Za-z]")]
    private static partial Regex Codes();

    [GeneratedRegex(@"\x1b\[[0-9;]*m")]
    private static partial Regex Colour();
}
