using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Workers;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Platform.Outbox;

/// <summary>
/// Gives committed messages their numbers. Every replica of both services runs it, and an advisory lock lets one work at a time: whichever is
/// alive goes on, and who has just committed a message is the first to look.
/// </summary>
internal sealed class SequencerWorker(Database database, OutboxBells bells, OutboxMetrics metrics, TimeProvider clock, ILogger<SequencerWorker> logger)
    : PeriodicWorker(TimeSpan.FromMilliseconds(100), clock, logger, bells.Told)
{
    /// <summary>The most that are numbered in one transaction.</summary>
    public const int Batch = 1000;

    // In a rush every commit rings. This much later, one pass numbers what many have told.
    private static readonly TimeSpan s_gather = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_measured = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _clock = clock;
    private long? _lastMeasured;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await bells.ListenAsync();
        await base.StartAsync(cancellationToken);
    }

    protected override async Task StepAsync(CancellationToken cancellationToken)
    {
        while (await NumberAsync(cancellationToken) == Batch) { }
        if (_lastMeasured is not { } last || _clock.GetElapsedTime(last) > s_measured)
        {
            var backlog = (await database.AskForAllTenantsAsync<Backlog>("select messages, oldest_seconds from platform.outbox_backlog()", null, cancellationToken))[0];
            metrics.Waiting(backlog.Messages, backlog.OldestSeconds);
            _lastMeasured = _clock.GetTimestamp();
        }
        await Task.Delay(s_gather, _clock, cancellationToken);
    }

    private async Task<int> NumberAsync(CancellationToken cancellationToken)
    {
        var numbered = await database.AskByKeyForAllTenantsAsync<int>("select messages from platform.number_messages(@Batch)", new { Batch }, cancellationToken);
        if (numbered.Count == 0) return 0;
        metrics.Numbered(numbered.Sum());
        await bells.RingNumberedAsync();
        return numbered.Sum();
    }
}

/// <summary>How much waits, and how long the oldest of it has.</summary>
internal sealed class Backlog
{
    public long Messages { get; init; }
    public double OldestSeconds { get; init; }
}
