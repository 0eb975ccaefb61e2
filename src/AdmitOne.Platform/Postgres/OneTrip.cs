using Dapper;
using Npgsql;

namespace AdmitOne.Platform.Postgres;

/// <summary>Sends settings and the statement that they are for together. PostgreSQL takes the two as one transaction, which is as long as the settings last.</summary>
internal static class OneTrip
{
    /// <param name="settings">A <c>select</c> of <c>set_config</c> calls, local to the transaction.</param>
    /// <param name="longest">After this the client gives it up; null: after what statements of the service may take.</param>
    public static async Task<TResult> AskAsync<TResult>(
        Func<CancellationToken, Task<NpgsqlConnection>> open, string settings, string sql, object? parameters, Func<SqlMapper.GridReader, Task<TResult>> read, CancellationToken cancellationToken,
        TimeSpan? longest = null)
    {
        await using var connection = await open(cancellationToken);
        await using var answers = await connection.QueryMultipleAsync(new CommandDefinition($"{settings}; {sql}", parameters, commandTimeout: longest is { } time ? (int)time.TotalSeconds + 1 : null, cancellationToken: cancellationToken));
        await answers.ReadFirstAsync<string>();
        return await read(answers);
    }
}
