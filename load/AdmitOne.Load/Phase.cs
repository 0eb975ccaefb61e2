using AdmitOne.Cli.Load;

namespace AdmitOne.Load;

/// <summary>One line of the checklists: so many users on one service.</summary>
/// <param name="Title">The checklist's words.</param>
internal sealed record Phase(string Name, string Title, string Service, int Users, Func<LoadStage, LoadClient, Random, double, Task> DoAsync)
{
    private static readonly TimeSpan s_probe = TimeSpan.FromMilliseconds(500);

    // What the caches, the pools and the compiler need to settle is not what a line asks for.
    private const double WarmUpSeconds = 10;

    public static IReadOnlyList<Phase> All(bool quick) =>
    [
        new("events_1000", "1,000 concurrent users on the Event Service", "event service", quick ? 200 : 1000, Mixes.EventsAsync),
        new("tickets_500", "500 concurrent users on the Ticket Service", "ticket service", quick ? 100 : 500, Mixes.TicketsAsync),
        new("tickets_1000", "1,000 concurrent users on the Ticket Service", "ticket service", quick ? 200 : 1000, Mixes.TicketsAsync),
    ];

    /// <summary>
    /// Each user has a connection and times of their own, a second apart on average and drawn exponentially. The times stay as they were drawn: who is
    /// kept waiting begins late, and that counts.
    /// </summary>
    public async Task<PhaseResult> RunAsync(LoadStage stage, TimeSpan length)
    {
        var (samples, clock) = (new Samples(), new ArrivalClock());
        var watch = new ServiceWatch([("event service", new Uri(stage.Run.Metrics!.Events)), .. stage.Run.Metrics.Tickets.Select((url, n) => (n == 0 ? "ticket service" : $"ticket service {n + 1}", new Uri(url)))], clock);
        var (machine, processes) = (new MachineClock(clock), new ProcessClock(stage.Run.Pid));
        var warm = Math.Min(WarmUpSeconds, length.TotalSeconds / 4);
        using var over = new CancellationTokenSource();

        clock.Start();
        var beside = Task.WhenAll(watch.RunAsync(over.Token), machine.RunAsync(over.Token), ProbeAsync(stage, samples, clock, over.Token));
        var cpuBefore = Task.Run(async () =>
        {
            await clock.UntilAsync(warm, CancellationToken.None);
            return processes.Read();
        });
        await Task.WhenAll(Enumerable.Range(0, Users).Select(user => Task.Run(() => UseAsync(stage, samples, clock, user, length.TotalSeconds))));
        var cpuAfter = processes.Read();
        await over.CancelAsync();
        await beside;
        return PhaseResult.Of(this, samples, (warm, length.TotalSeconds), watch, machine, (await cpuBefore, cpuAfter, clock.NowSeconds - warm));
    }

    private async Task UseAsync(LoadStage stage, Samples samples, ArrivalClock clock, int user, double untilSeconds)
    {
        using var connection = LoadClient.OneConnection();
        var (client, random) = (new LoadClient(connection, samples, clock), new Random(user));
        // The first time lies within the first second, so that they do not come all at once.
        for (var at = random.NextDouble(); at < untilSeconds; at -= Math.Log(1 - random.NextDouble()))
        {
            await clock.UntilRoughlyAsync(at);
            await DoAsync(stage, client, random, at);
        }
    }

    private static async Task ProbeAsync(LoadStage stage, Samples samples, ArrivalClock clock, CancellationToken over)
    {
        using var connection = LoadClient.OneConnection();
        var client = new LoadClient(connection, samples, clock);
        using var timer = new PeriodicTimer(s_probe);
        try
        {
            while (await timer.WaitForNextTickAsync(over))
                foreach (var service in stage.Run.Tickets.Prepend(stage.Run.Events))
                    foreach (var path in new[] { "/health", "/health/ready" })
                        await client.SendAsync(new Call(Mixes.Health, HttpMethod.Get, service + path, null, Reads: false));
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // The phase is over.
        }
    }
}
