using Microsoft.Extensions.Logging;
using Npgsql;

namespace AdmitOne.Tickets.Lanes;

/// <summary>What became of a batch.</summary>
/// <param name="Fault">Null if it has committed.</param>
/// <param name="NothingKept">It is certain that nothing was committed, nor ever will be: repeating is safe.</param>
public readonly record struct BatchEnd(Exception? Fault, bool NothingKept)
{
    public static BatchEnd Committed => new(null, NothingKept: false);
}

/// <summary>
/// Finds out whether a batch committed whose answer was lost, by the row that the batch writes for itself. It inserts that row in the batch's place: if
/// the row is there, the batch has committed; if it is not, the batch can no longer commit, because its own insert would break the primary key.
/// PostgreSQL makes the two wait for each other, so there is no moment in which both are true. The
/// transaction's number could not say this after a failover: the new primary may have given it to another (ADR 61).
/// </summary>
public sealed partial class BatchOutcome(NpgsqlDataSource source, TimeProvider clock, ILogger logger)
{
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Asks until PostgreSQL says so, for ten seconds at most. It never throws.</summary>
    /// <returns>Committed; or rolled back, with the fault; or not known, with a fault that is answered 503.</returns>
    public async Task<BatchEnd> FindAsync(Guid tenantId, Guid batchId, Exception fault)
    {
        var started = clock.GetTimestamp();
        while (clock.GetElapsedTime(started) < s_longest)
        {
            try
            {
                return await IsTakenAsync(tenantId, batchId) ? BatchEnd.Committed : new BatchEnd(fault, NothingKept: true);
            }
            catch (Exception unknown)
            {
                NotKnownYet(unknown, batchId);
            }
            await Task.Delay(s_pause);
        }
        return new BatchEnd(new TimeoutException("The database went away during the commit; whether it happened is not known yet.", fault), NothingKept: false);
    }

    private async Task<bool> IsTakenAsync(Guid tenantId, Guid batchId)
    {
        await using var connection = await source.OpenConnectionAsync();
        await using var batch = new NpgsqlBatch(connection);
        batch.Add("select set_config('app.tenant_id', $1, true)", tenantId.ToString());
        // The update changes nothing; without it a row that is there would not be returned.
        batch.Add("""
            insert into tickets.lane_batches as b (tenant_id, id, is_void) values ($1, $2, true)
            on conflict (tenant_id, id) do update set is_void = b.is_void returning is_void
            """, tenantId, batchId);
        await using var reader = await batch.ExecuteReaderAsync();
        await reader.NextResultAsync();
        await reader.ReadAsync();
        return !reader.GetBoolean(0);
    }

    [LoggerMessage(EventId = 4003, Level = LogLevel.Warning, Message = "Batch {BatchId} may or may not have committed; asking again")]
    private partial void NotKnownYet(Exception unknown, Guid batchId);
}
