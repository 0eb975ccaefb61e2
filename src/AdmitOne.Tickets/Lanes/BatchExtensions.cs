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

    /// <summary>Begins a batch's transaction for one tenant; it has one result.</summary>
    public static void Begin(this NpgsqlBatch batch, Guid tenantId)
    {
        batch.Add("begin");
        // A plan for whatever it is given: for each small batch by itself PostgreSQL would reckon that planning anew pays, and plan longer than it works.
        batch.Add("select set_config('app.tenant_id', $1, true), set_config('plan_cache_mode', 'force_generic_plan', true)", tenantId.ToString());
    }

    /// <summary>Writes the batch's own row, by which it is known to have committed. A batch that writes nothing needs none: it may be repeated.</summary>
    public static void Prove(this NpgsqlBatch batch, Guid tenantId, Guid batchId)
    {
        if (batch.BatchCommands.Count > 0) batch.Add("insert into tickets.lane_batches (tenant_id, id) values ($1, $2)", tenantId, batchId);
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
