using System.Diagnostics;
using System.Globalization;

namespace AdmitOne.Cli.Local;

/// <summary>
/// A child process that is started again when it ends by itself: after a second, then after twice as long each time, at most half a minute. One that
/// has run for a minute begins anew. One sentence says which ended and why; the other children go on.
/// </summary>
internal sealed class SupervisedProcess : IAsyncDisposable
{
    private static readonly TimeSpan s_firstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestDelay = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_stable = TimeSpan.FromMinutes(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly Func<CancellationToken, Task<Running>> _start;
    private readonly Action<string> _report;
    private readonly Task _watching;
    private Running _running;

    private SupervisedProcess(Running running, Func<CancellationToken, Task<Running>> start, Action<string> report)
    {
        (_running, _start, _report) = (running, start, report);
        _watching = Task.Run(WatchAsync);
    }

    /// <param name="Owner">Stops the process when it is disposed of.</param>
    public sealed record Running(IAsyncDisposable Owner, ServerProcess Process);

    /// <param name="start">Starts it, and waits until it is ready.</param>
    /// <param name="report">Gets a sentence for each end and each start after the first.</param>
    /// <exception cref="CannotRunException">It does not start the first time.</exception>
    public static async Task<SupervisedProcess> StartAsync(Func<CancellationToken, Task<Running>> start, Action<string> report, CancellationToken cancellationToken) =>
        new(await start(cancellationToken), start, report);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        await _running.Owner.DisposeAsync();
        _stop.Dispose();
    }

    private async Task WatchAsync()
    {
        var delay = s_firstDelay;
        try
        {
            while (true)
            {
                var since = Stopwatch.StartNew();
                await _running.Process.Exited.WaitAsync(_stop.Token);
                if (since.Elapsed > s_stable) delay = s_firstDelay;
                var failure = _running.Process.Failed().Message;
                await _running.Owner.DisposeAsync();
                do
                {
                    _report(string.Create(CultureInfo.InvariantCulture, $"{failure}; starting it again in {delay.TotalSeconds:0} s"));
                    await Task.Delay(delay, _stop.Token);
                    delay = delay * 2 < s_longestDelay ? delay * 2 : s_longestDelay;
                    failure = await TryStartAsync();
                }
                while (failure is not null);
                _report($"{_running.Process.Name} runs again");
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // It is being stopped.
        }
    }

    /// <returns>Why it did not start; null if it runs.</returns>
    private async Task<string?> TryStartAsync()
    {
        try
        {
            _running = await _start(_stop.Token);
            return null;
        }
        catch (Exception fault) when (fault is CannotRunException or IOException)
        {
            return fault.Message;
        }
    }
}
