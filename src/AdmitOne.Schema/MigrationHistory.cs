using Npgsql;

namespace AdmitOne.Schema;

/// <summary>The table <c>platform.schema_migrations</c>: a row for each applied migration.</summary>
internal static class MigrationHistory
{
    /// <summary>Makes the table, and lets the services read how old the schema is before they call themselves ready.</summary>
    public const string CreateSql = """
        create schema if not exists platform;
        create table if not exists platform.schema_migrations (
            id text constraint schema_migrations_pkey primary key,
            product_version text not null,
            applied_at timestamptz not null default clock_timestamp());
        grant usage on schema platform to admitone_events, admitone_tickets, admitone_audit;
        grant select on platform.schema_migrations to admitone_events, admitone_tickets, admitone_audit;
        """;

    private static readonly string s_productVersion = typeof(MigrationHistory).Assembly.GetName().Version!.ToString(3);

    /// <summary>The applied ids in order; empty where there is no table yet.</summary>
    public static async Task<IReadOnlyList<AppliedMigration>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = new NpgsqlCommand("select id, applied_at from platform.schema_migrations order by id", connection);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            var applied = new List<AppliedMigration>();
            while (await reader.ReadAsync(cancellationToken))
                applied.Add(new AppliedMigration(reader.GetString(0), reader.GetFieldValue<DateTimeOffset>(1)));
            return applied;
        }
        catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName)
        {
            return [];
        }
    }

    public static string InsertSql(string id) =>
        $"insert into platform.schema_migrations (id, product_version) values ('{id}', '{s_productVersion}');\n";

    public static string DeleteSql(string id) => $"delete from platform.schema_migrations where id = '{id}';\n";
}

internal sealed record AppliedMigration(string Id, DateTimeOffset AppliedAt);
