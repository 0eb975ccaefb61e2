using Dapper;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace AdmitOne.Neighbours;

/// <summary>Makes a neighbour's tables before it listens. The schema and its role exist already: they belong to whoever runs the database.</summary>
internal sealed class NeighbourTables(NpgsqlDataSource source, string tables) : IHostedService
{
    // "A1 neigh" in ASCII: `create table if not exists` by two at once can still collide in the catalogue.
    private const long LockKey = 0x4131206E65696768;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition($"select pg_advisory_xact_lock({LockKey})", transaction: transaction, cancellationToken: cancellationToken));
        await connection.ExecuteAsync(new CommandDefinition(tables, transaction: transaction, cancellationToken: cancellationToken));
        await transaction.CommitAsync(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
