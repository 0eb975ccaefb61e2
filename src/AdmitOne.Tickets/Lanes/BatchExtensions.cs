using Npgsql;

namespace AdmitOne.Tickets.Lanes;

/// <summary>What a batch needs beyond the driver: a statement in one line, a result as a list.</summary>
internal static class BatchExtensions
{
    public static void Add(this NpgsqlBatch batch, string sql, params object[] parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in parameters) command.Parameters.Add(new NpgsqlParameter { Value = value });
        batch.BatchCommands.Add(command);
    }

    /// <summary>
    /// Begins a batch's transaction for one tenant; its result has the transaction's number as text in column 1. A lane looks up few rows of large
    /// tables by their keys, and its statements stay planned as they were when those tables were small: without this, a plan made on the first
    /// day of a sale reads every order ever made, for each batch, until the tables are next analysed.
    /// </summary>
    public static void Begin(this NpgsqlBatch batch, Guid tenantId)
    {
        batch.Add("begin");
        batch.Add("""
            select set_config('app.tenant_id', $1, true), pg_current_xact_id()::text,
                   set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)
            """, tenantId.ToString());
    }

    public static async Task<List<T>> ListAsync<T>(this NpgsqlDataReader reader, Func<NpgsqlDataReader, T> row, CancellationToken cancellationToken)
    {
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken)) rows.Add(row(reader));
        return rows;
    }

    public static async Task<List<T>> NextListAsync<T>(this NpgsqlDataReader reader, Func<NpgsqlDataReader, T> row, CancellationToken cancellationToken)
    {
        await reader.NextResultAsync(cancellationToken);
        return await reader.ListAsync(row, cancellationToken);
    }

    public static DateTimeOffset Instant(this NpgsqlDataReader reader, int column) => new(reader.GetDateTime(column), TimeSpan.Zero);

    public static DateTimeOffset? InstantOrNull(this NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.Instant(column);
}
