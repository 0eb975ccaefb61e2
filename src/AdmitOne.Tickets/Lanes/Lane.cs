using System.Diagnostics;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Telemetry;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace AdmitOne.Tickets.Lanes;

/// <summary>
/// One queue and one connection. It takes what has arrived while its last transaction ran (no timer: an idle lane answers at once), as long
/// as it belongs to one event, and commits it in two round trips. What those read and write is the say of the kind of command. A batch that takes
/// long, because its rows are locked or its connection is silent, goes on beside the lane: the commands of other events do not wait for it.
/// </summary>
public abstract partial class Lane<TCommand>(NpgsqlDataSource source, SlowCommandMetrics slow, TimeProvider clock, ILogger logger) where TCommand : LaneCommand
{
    public const int MaxBatch = 256;

    /// <summary>So many commands of one event may wait.</summary>
    public const int MaxWaiting = 2048;

    private const int MaxWaitingInAll = 4 * MaxWaiting;
    private const int MaxBeside = 4;
    private const int Attempts = 3;

    private static readonly TimeSpan s_long = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_repeatFor = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    private readonly CommandQueue<TCommand> _queue = new(clock);
    private readonly List<Task> _beside = [];
    private readonly BatchOutcome _outcome = new(source, clock, logger);
    private NpgsqlConnection? _idle;

    /// <summary>How long the oldest command without an answer has waited.</summary>
    public TimeSpan OldestWaiting => _queue.OldestWaiting();

    /// <summary>The first round trip: begins the transaction, takes the locks, reads what must be known.</summary>
    /// <returns>
    /// Decides the commands in memory and makes the second round trip: all writes, with the batch's own row of this id among them
    /// (<see cref="BatchExtensions.Prove"/>), and the commit.
    /// </returns>
    private protected abstract Task<Func<Guid, Task>> BeginAsync(NpgsqlConnection connection, IReadOnlyList<TCommand> batch);

    /// <summary>So many commands go into one transaction.</summary>
    private protected abstract void Combined(int commands);

    public bool TryEnter(TCommand command) => _queue.TryAdd(command, MaxWaiting, MaxWaitingInAll);

    public void Close() => _queue.Close();

    /// <summary>Runs until the lane is closed and everything in it has been answered. No fault ends it.</summary>
    public async Task RunAsync()
    {
        while (!_queue.IsFinished)
        {
            try
            {
                await StepAsync();
            }
            catch (Exception fault)
            {
                StepFailed(fault);
                await Task.Delay(s_pause);
            }
        }
        if (_idle is not null) await DropAsync(_idle);
    }

    /// <summary>A fault that deciding the same batch again does not meet again.</summary>
    private protected virtual bool DecidesOtherwise(Exception fault) => false;

    private async Task StepAsync()
    {
        _beside.RemoveAll(batch => batch.IsCompleted);
        if (_beside.Count >= MaxBeside)
        {
            await Task.WhenAny(_beside);
            return;
        }
        if (_queue.Take(MaxBatch, out var changed) is not { } batch)
        {
            await changed;
            return;
        }
        var run = RunAsync(batch);
        await run.WaitAsync(s_long).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!run.IsCompleted) _beside.Add(run);
    }

    // One transaction for several traces: it belongs to the first one's, and is linked with all.
    private static Activity? BeginSpan(List<TCommand> batch)
    {
        if (!Traces.Source.HasListeners()) return null;
        var contexts = batch.Where(command => command.Waiting is not null).Select(command => command.Waiting!.Context).ToList();
        return contexts.Count == 0 ? null
            : Traces.Source.StartActivity("lane batch", ActivityKind.Internal, contexts[0], [new("admitone.commands", batch.Count)], contexts.Skip(1).Select(context => new ActivityLink(context)));
    }

    private async Task RunAsync(List<TCommand> batch)
    {
        try
        {
            Combined(batch.Count);
            using var span = BeginSpan(batch);
            await CommitAsync(batch);
        }
        catch (Exception fault)
        {
            foreach (var command in batch) command.Fail(fault);   // who has an answer keeps it
            BatchFailed(fault, batch.Count);
        }
        finally
        {
            _queue.Release(batch[0]);
        }
    }

    private async Task CommitAsync(IReadOnlyList<TCommand> batch)
    {
        var began = clock.GetTimestamp();
        var end = await TryCommitAsync(batch);
        for (var attempt = 1; attempt < Attempts && end is { Fault: { } lost, NothingKept: true } && MayRepeat(lost) && clock.GetElapsedTime(began) < s_repeatFor; attempt++)
        {
            BatchRepeated(lost, batch.Count);
            if (attempt > 1) await Task.Delay(s_pause);
            end = await TryCommitAsync(batch);
        }
        if (end.Fault is null)
        {
            foreach (var command in batch)
            {
                command.EndWaiting(Activity.Current, null);
                command.Complete();
            }
        }
        else if (batch.Count > 1 && end.NothingKept && !DatabaseFaults.IsTransient(end.Fault))
        {
            // One command's data made the whole fail: halves find it, and the others get their answer.
            BatchSplit(end.Fault, batch.Count);
            await CommitAsync(batch.Take(batch.Count / 2).ToArray());
            await CommitAsync(batch.Skip(batch.Count / 2).ToArray());
        }
        else
        {
            foreach (var command in batch)
            {
                command.EndWaiting(Activity.Current, end.Fault);
                command.Fail(end.Fault);
            }
        }
    }

    private bool MayRepeat(Exception fault) => DatabaseFaults.IsTransient(fault) || DecidesOtherwise(fault);

    private async Task<BatchEnd> TryCommitAsync(IReadOnlyList<TCommand> batch)
    {
        var batchId = Guid.CreateVersion7();
        NpgsqlConnection? connection = null;
        var isSent = false;
        try
        {
            connection = Interlocked.Exchange(ref _idle, null) ?? await source.OpenConnectionAsync();
            var decideAndCommitAsync = await slow.WatchAsync(BeginAsync(connection, batch));
            isSent = true;
            await slow.WatchAsync(decideAndCommitAsync(batchId));
            if (Interlocked.CompareExchange(ref _idle, connection, null) is not null) await connection.DisposeAsync();
            return BatchEnd.Committed;
        }
        catch (Exception fault)
        {
            if (connection is not null) await DropAsync(connection);
            // The connection may have broken after the commit was sent: whether it happened is looked up, not guessed.
            return !isSent || DatabaseFaults.IsRolledBack(fault) ? new BatchEnd(fault, NothingKept: true) : await _outcome.FindAsync(batch[0].TenantId, batchId, fault);
        }
    }

    private async Task DropAsync(NpgsqlConnection connection)
    {
        try
        {
            // Raw begin/commit are invisible to the pool: end what may be open before it is handed to somebody else.
            await using var rollback = new NpgsqlCommand("rollback", connection);
            await rollback.ExecuteNonQueryAsync();
            await connection.DisposeAsync();
        }
        catch (Exception fault)
        {
            ConnectionLost(fault);
            source.Clear();   // what broke one has often broken those that are idle, and each would be found out by a batch
            await connection.CloseAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(EventId = 4001, Level = LogLevel.Information, Message = "A batch of {Count} commands lost to another transaction or its connection, and is repeated")]
    private partial void BatchRepeated(Exception fault, int count);

    [LoggerMessage(EventId = 4002, Level = LogLevel.Warning, Message = "A batch of {Count} commands failed and is split in halves")]
    private partial void BatchSplit(Exception fault, int count);

    [LoggerMessage(EventId = 4004, Level = LogLevel.Debug, Message = "A lane's connection is gone")]
    private partial void ConnectionLost(Exception fault);

    [LoggerMessage(EventId = 4005, Level = LogLevel.Error, Message = "A batch of {Count} commands failed; the lane goes on")]
    private partial void BatchFailed(Exception fault, int count);

    [LoggerMessage(EventId = 4006, Level = LogLevel.Error, Message = "A lane failed between two batches and goes on")]
    private partial void StepFailed(Exception fault);
}
