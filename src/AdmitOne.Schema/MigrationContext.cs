using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace AdmitOne.Schema;

/// <summary>EF Core without a model, for its migrator alone, on a connection that is already open and holds the lock.</summary>
internal sealed class MigrationContext(NpgsqlConnection connection, MigrationSet set) : DbContext
{
    public MigrationSet Set { get; } = set;

    public FailedStatement Failed { get; } = new();

    protected override void OnConfiguring(DbContextOptionsBuilder optionsBuilder) => optionsBuilder
        .UseNpgsql(connection)
        .ConfigureWarnings(warnings => warnings.Ignore(
            RelationalEventId.PendingModelChangesWarning, RelationalEventId.NonTransactionalMigrationOperationWarning))
        .AddInterceptors(Failed)
        .ReplaceService<IMigrationsAssembly, SqlMigrationsAssembly>()
        .ReplaceService<IHistoryRepository, MigrationHistory>()
        .ReplaceService<IRelationalDatabaseCreator, PresentDatabase>();
}

/// <summary>Remembers the statement that the server refused: its exception does not carry the text.</summary>
internal sealed class FailedStatement : DbCommandInterceptor
{
    public string? Text { get; private set; }

    public override void CommandFailed(DbCommand command, CommandErrorEventData eventData) => Text = command.CommandText;

    public override Task CommandFailedAsync(DbCommand command, CommandErrorEventData eventData, CancellationToken cancellationToken = default)
    {
        Text = command.CommandText;
        return Task.CompletedTask;
    }
}

/// <summary>The database exists, for we are connected to it: EF would open a second connection to find out.</summary>
internal sealed class PresentDatabase(RelationalDatabaseCreatorDependencies dependencies) : RelationalDatabaseCreator(dependencies)
{
    public override bool Exists() => true;

    public override Task<bool> ExistsAsync(CancellationToken cancellationToken = default) => Task.FromResult(true);

    public override bool HasTables() => true;

    public override void Create() => throw new NotSupportedException("DatabaseRoles makes the database.");

    public override void Delete() => throw new NotSupportedException("Nothing here deletes a database.");
}
