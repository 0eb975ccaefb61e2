using System.Diagnostics;

namespace AdmitOne.Cli.Local;

/// <summary>Says what is being done while it is done, and how long it took.</summary>
public sealed class Steps(TextWriter output)
{
    public async Task DoAsync(string what, Func<Task> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        var since = Stopwatch.StartNew();
        await output.WriteAsync($"  {what} ...");
        await output.FlushAsync();
        try
        {
            await work();
            await output.WriteLineAsync($" {since.Elapsed.TotalSeconds:0.0} s");
        }
        catch
        {
            await output.WriteLineAsync();
            throw;
        }
    }

    public void Note(string line) => output.WriteLine("  " + line);
}
