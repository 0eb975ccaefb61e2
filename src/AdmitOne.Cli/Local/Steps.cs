using System.Diagnostics;
using System.Globalization;
using AdmitOne.Cli.Terminals;

namespace AdmitOne.Cli.Local;

/// <summary>Says what is being done while it is done, and how long it took.</summary>
public sealed class Steps(Terminal terminal)
{
    public async Task DoAsync(string what, Func<Task> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        var since = Stopwatch.StartNew();
        try
        {
            await terminal.RunAsync(what, _ => work());
            terminal.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {what} ... {since.Elapsed.TotalSeconds:0.0} s"));
        }
        catch
        {
            terminal.WriteLine($"  {what} ...");
            throw;
        }
    }

    public void Note(string line) => terminal.WriteLine("  " + line);
}
