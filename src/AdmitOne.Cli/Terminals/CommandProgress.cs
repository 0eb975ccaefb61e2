using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace AdmitOne.Cli.Terminals;

/// <summary>What a command is doing, and how far it is.</summary>
public sealed class CommandProgress
{
    internal static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(10);

    private readonly ProgressTask? _drawn;
    private readonly long _since = Stopwatch.GetTimestamp();
    private volatile string _what;

    internal CommandProgress(string what, ProgressTask? drawn = null) => (_what, _drawn) = (what, drawn);

    /// <summary>It goes on with something else.</summary>
    public void Now(string what)
    {
        _what = what;
        if (_drawn is not null) _drawn.Description = Markup.Escape(what);
    }

    /// <summary>Goes through a list, and says how many of it are done.</summary>
    /// <param name="what">What is being done with each of them, such as "recounting tenant".</param>
    public IEnumerable<T> Each<T>(string what, IReadOnlyCollection<T> all)
    {
        ArgumentNullException.ThrowIfNull(all);
        foreach (var (n, one) in all.Index())
        {
            Now(string.Create(CultureInfo.InvariantCulture, $"{what} {n + 1} of {all.Count}"));
            yield return one;
        }
    }

    /// <summary>Where nothing can be drawn over: a line each time that so much has passed, and none for what is quicker.</summary>
    internal async Task<T> RunAsync<T>(Func<CommandProgress, Task<T>> work, TextWriter lines, TimeSpan every)
    {
        using var done = new CancellationTokenSource();
        var told = TellAsync(lines, every, done.Token);
        try
        {
            return await work(this);
        }
        finally
        {
            await done.CancelAsync();
            await told;
        }
    }

    private async Task TellAsync(TextWriter lines, TimeSpan every, CancellationToken done)
    {
        using var timer = new PeriodicTimer(every);
        try
        {
            while (await timer.WaitForNextTickAsync(done))
                await lines.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{_what}: {Stopwatch.GetElapsedTime(_since).TotalSeconds:0} s so far"));
        }
        catch (OperationCanceledException) when (done.IsCancellationRequested)
        {
            // The work is done.
        }
    }
}
