using System.Diagnostics;
using System.Threading.Channels;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Telemetry;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace AdmitOne.Tickets.Lanes;

/// <summary>
/// One queue and one connection. It takes what has arrived while its last transaction ran (no timer: an idle lane answers at once), as long
/// as it belongs to one event, and commits it in two round trips. What those read and write is the say of the kind of command.
/// </summary>
public abstract partial class Lane<TCommand>(NpgsqlDataSource source, SlowCommandMetrics slow, ILogger logger) where TCommand : LaneCommand
{
    public const int MaxBatch = 256;
    public const int MaxWaiting = 2048;

    private static readonly TimeSpan s_lookUpPatience = TimeSpan.FromSeconds(10);

    private readonly Channel<TCommand> _arrivals = Channel.CreateBounded<TCommand>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
    private readonly LinkedList<TCommand> _waiting = [];
    private NpgsqlConnection? _connection;

    /// <summary>The first round trip: begins the transaction, takes the locks, reads what must be known.</summary>
    private protected abstract Task<OpenBatch> BeginAsync(NpgsqlConnection connection, IReadOnlyList<TCommand> batch);

    /// <summary>So many commands go into one transaction.</summary>
    private protected abstract void Combined(int commands);

    public bool TryEnter(TCommand command) => _arrivals.Writer.TryWrite(command);

    public void Close() => _arrivals.Writer.TryComplete();

    public async Task RunAsync()
    {
        while (_waiting.Count > 0 || await _arrivals.Reader.WaitToReadAsync())
        {
            var batch = NextBatch();
            Combined(batch.Count);
            using var span = BeginSpan(batch);
            await RunAsync(batch);
        }
        await DropConnectionAsync();
    }

    // The oldest command names the event; others of that event join it in their order, the rest keeps its place.
    private List<TCommand> NextBatch()
    {
        while (_waiting.Count < MaxWaiting && _arrivals.Reader.TryRead(out var arrived)) _waiting.AddLast(arrived);
        var batch = new List<TCommand>();
        for (var node = _waiting.First; node is not null && batch.Count < MaxBatch;)
        {
            var next = node.Next;
            if (batch.Count == 0 || (node.Value.EventId == batch[0].EventId && node.Value.TenantId == batch[0].TenantId))
            {
                batch.Add(node.Value);
                _waiting.Remove(node);
            }
            node = next;
        }
        return batch;
    }

    /// <summary>A fault that deciding the same batch again does not meet again.</summary>
    private protected virtual bool DecidesOtherwise(Exception fault) => false;

    // One transaction for several traces: it belongs to the first one's, and is linked with all.
    private static Activity? BeginSpan(List<TCommand> batch)
    {
        if (!Traces.Source.HasListeners()) return null;
        var contexts = batch.Where(command => command.Waiting is not null).Select(command => command.Waiting!.Context).ToList();
        return contexts.Count == 0 ? null
            : Traces.Source.StartActivity("lane batch", ActivityKind.Internal, contexts[0], [new("admitone.commands", batch.Count)], contexts.Skip(1).Select(context => new ActivityLink(context)));
    }

    private async Task RunAsync(IReadOnlyList<TCommand> batch)
    {
        var end = await TryCommitAsync(batch);
        if (end is { Fault: { } lost, NothingKept: true } && (DatabaseFaults.IsCollision(lost) || DatabaseFaults.IsUnavailable(lost) || DecidesOtherwise(lost)))
        {
            BatchRepeated(lost, batch.Count);
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
        else if (batch.Count > 1 && end.NothingKept && !DatabaseFaults.IsUnavailable(end.Fault))
        {
            // One command's data made the whole fail: halves find it, and the others get their answer.
            BatchSplit(end.Fault, batch.Count);
            await RunAsync(batch.Take(batch.Count / 2).ToArray());
            await RunAsync(batch.Skip(batch.Count / 2).ToArray());
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

    private async Task<BatchEnd> TryCommitAsync(IReadOnlyList<TCommand> batch)
    {
        string? transactionId = null;
        try
        {
            _connection ??= await source.OpenConnectionAsync();
            var open = await slow.WatchAsync(BeginAsync(_connection, batch));
            transactionId = open.TransactionId;
            await slow.WatchAsync(open.DecideAndCommitAsync());
            return BatchEnd.Committed;
        }
        catch (Exception fault)
        {
            await DropConnectionAsync();
            // The connection may have broken after the commit was sent: whether it happened is looked up, not guessed.
            return transactionId is null || fault is PostgresException ? new BatchEnd(fault, NothingKept: true) : await LookUpAsync(transactionId, fault);
        }
    }

    private async Task<BatchEnd> LookUpAsync(string transactionId, Exception fault)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(started) < s_lookUpPatience)
        {
            try
            {
                await using var connection = await source.OpenConnectionAsync();
                await using var ask = new NpgsqlCommand("select pg_xact_status($1::text::xid8)", connection) { Parameters = { new() { Value = transactionId } } };
                switch (await ask.ExecuteScalarAsync())
                {
                    case "committed": return BatchEnd.Committed;
                    case "aborted": return new BatchEnd(fault, NothingKept: true);
                }
            }
            catch (Exception away) when (DatabaseFaults.IsUnavailable(away))
            {
                OutcomeUnknown(away, transactionId);
            }
            await Task.Delay(200);
        }
        return new BatchEnd(new TimeoutException("The database went away during the commit; whether it happened is not known yet.", fault), NothingKept: false);
    }

    private async Task DropConnectionAsync()
    {
        if (_connection is null) return;
        try
        {
            // Raw begin/commit are invisible to the pool: end what may be open before it is handed to somebody else.
            await using var rollback = new NpgsqlCommand("rollback", _connection);
            await rollback.ExecuteNonQueryAsync();
        }
        catch (Exception fault) when (fault is NpgsqlException or InvalidOperationException)
        {
            ConnectionLost(fault);
        }
        await _connection.DisposeAsync();
        _connection = null;
    }

    [LoggerMessage(EventId = 4001, Level = LogLevel.Information, Message = "A batch of {Count} commands lost to another transaction or its connection, and is repeated")]
    private partial void BatchRepeated(Exception fault, int count);

    [LoggerMessage(EventId = 4002, Level = LogLevel.Warning, Message = "A batch of {Count} commands failed and is split in halves")]
    private partial void BatchSplit(Exception fault, int count);

    [LoggerMessage(EventId = 4003, Level = LogLevel.Warning, Message = "Transaction {TransactionId} may or may not have committed; asking again")]
    private partial void OutcomeUnknown(Exception fault, string transactionId);

    [LoggerMessage(EventId = 4004, Level = LogLevel.Debug, Message = "A lane's connection is gone")]
    private partial void ConnectionLost(Exception fault);

    /// <param name="TransactionId">As PostgreSQL numbers it, so that a lost commit can be looked up.</param>
    /// <param name="DecideAndCommitAsync">Decides the commands in memory, and makes the second round trip: all writes and the commit.</param>
    private protected sealed record OpenBatch(string TransactionId, Func<Task> DecideAndCommitAsync);

    /// <param name="NothingKept">It is certain that nothing was committed: repeating is safe.</param>
    private readonly record struct BatchEnd(Exception? Fault, bool NothingKept)
    {
        public static BatchEnd Committed => new(null, NothingKept: false);
    }
}
