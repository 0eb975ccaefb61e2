using Microsoft.Extensions.Hosting;

namespace AdmitOne.Platform.Telemetry;

/// <summary>
/// Gives the thread pool a piece of work now and then and measures how long it waits. It has a thread of its own: a timer's callback would come
/// from the pool that it is to judge.
/// </summary>
internal sealed class ThreadPoolProbe(ProcessMetrics metrics, TimeProvider clock) : IHostedService, IDisposable
{
    private static readonly TimeSpan s_every = TimeSpan.FromMilliseconds(500);

    private readonly ManualResetEventSlim _stop = new();

    public Task StartAsync(CancellationToken cancellationToken)
    {
        new Thread(Probe) { IsBackground = true, Name = "thread pool probe" }.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _stop.Set();
        return Task.CompletedTask;
    }

    public void Dispose() => _stop.Set();   // its thread may still look at it: the collector takes it

    private void Probe()
    {
        while (!_stop.Wait(s_every))
            ThreadPool.UnsafeQueueUserWorkItem(since => metrics.Waited(clock.GetElapsedTime(since)), clock.GetTimestamp(), preferLocal: false);
    }
}
