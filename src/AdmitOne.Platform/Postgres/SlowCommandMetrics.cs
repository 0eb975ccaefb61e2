using System.Diagnostics.Metrics;
using AdmitOne.Platform.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace AdmitOne.Platform.Postgres;

/// <summary>Watches statements: counts those that PostgreSQL's machine has nothing left for, and those that took long, by who waited for them: a route's pattern, a worker or a lane, of which there are so many and no more.</summary>
public sealed partial class SlowCommandMetrics
{
    private readonly Counter<long> _slow;
    private readonly DatabaseMetrics _database;
    private readonly TimeProvider _clock;
    private readonly ILogger<SlowCommandMetrics> _logger;
    private readonly TimeSpan _from;

    public SlowCommandMetrics(IMeterFactory meters, DatabaseMetrics database, IOptions<PostgresOptions> options, TimeProvider clock, ILogger<SlowCommandMetrics> logger)
    {
        ArgumentNullException.ThrowIfNull(meters);
        ArgumentNullException.ThrowIfNull(options);
        _slow = meters.Create("AdmitOne.Commands").CreateCounter<long>("admitone.commands.slow", "{command}", "Statements that took SLOW_COMMAND_MS or longer, by the route, the worker or the lane that waited for them.");
        (_database, _clock, _logger, _from) = (database, clock, logger, TimeSpan.FromMilliseconds(options.Value.SlowCommandMs));
        _slow.Add(0, Tag(WorkInHand.Unknown));
    }

    /// <summary>Waits for what was just sent to the database, and counts it if it takes long; a batch of statements counts once.</summary>
    public async Task<T> WatchAsync<T>(Task<T> command)
    {
        await WatchAsync((Task)command);
        return await command;
    }

    /// <inheritdoc cref="WatchAsync{T}"/>
    public async Task WatchAsync(Task command)
    {
        ArgumentNullException.ThrowIfNull(command);
        var begun = _clock.GetTimestamp();
        try
        {
            await command;
        }
        catch (PostgresException fault)
        {
            _database.Failed(fault);
            throw;
        }
        finally
        {
            End(begun);
        }
    }

    private void End(long begun)
    {
        var took = _clock.GetElapsedTime(begun);
        if (took < _from) return;
        var use = WorkInHand.Name;
        _slow.Add(1, Tag(use));
        TookLong(use, (long)took.TotalMilliseconds);
    }

    private static KeyValuePair<string, object?> Tag(string use) => new("use", use);

    [LoggerMessage(EventId = 1111, Level = LogLevel.Warning, Message = "A statement of {Use} took {ElapsedMs} ms")]
    private partial void TookLong(string use, long elapsedMs);
}
