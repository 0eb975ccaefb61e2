using System.Globalization;
using System.Text;
using Npgsql;

namespace AdmitOne.Schema;

/// <summary>Takes a database to a version of the schema and back. Several may run at once: one works, the others wait and find it done.</summary>
public sealed class Migrator
{
    private const int Attempts = 40;

    private readonly string _connectionString;
    private readonly MigrationSet _set;
    private readonly Action<string>? _report;

    /// <param name="connectionString">A login that may act as <c>admitone_owner</c>: admitone_migrate, or a superuser.</param>
    public Migrator(string connectionString) : this(connectionString, MigrationSet.Product, null) { }

    /// <param name="connectionString">A login that may act as <c>admitone_owner</c>: admitone_migrate, or a superuser.</param>
    /// <param name="set">The migrations; <see cref="MigrationSet.Product"/> but in tests.</param>
    /// <param name="report">Is told, a line at a time, what happens.</param>
    public Migrator(string connectionString, MigrationSet set, Action<string>? report)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(connectionString);
        (_connectionString, _set, _report) = (connectionString, set, report);
    }

    /// <summary>The newest version that this program knows.</summary>
    public static int Latest => MigrationSet.Product.Latest;

    /// <summary>Applies what is missing up to <paramref name="to"/>, or all. Each migration is committed by itself; a run that was cut off is continued.</summary>
    /// <exception cref="MigrationException">It cannot be done; the message is one line.</exception>
    public async Task UpAsync(int? to, CancellationToken cancellationToken)
    {
        var target = Known(to ?? _set.Latest);
        await using var session = await MigrationSession.OpenAsync(_connectionString, cancellationToken);
        var applied = Checked(await MigrationHistory.ReadAsync(session.Connection, cancellationToken));
        if (applied >= target) return;

        await session.WaitForTurnAsync(_report, cancellationToken);
        applied = Checked(await MigrationHistory.ReadAsync(session.Connection, cancellationToken));
        if (applied >= target) return;

        await using (var create = new NpgsqlCommand(MigrationHistory.CreateSql, session.Connection))
            await create.ExecuteNonQueryAsync(cancellationToken);
        for (var number = applied + 1; number <= target; number++)
        {
            var migration = _set[number - 1];
            await session.DropInvalidAsync(migration.Up.ConcurrentIndexes, cancellationToken);
            await RunAsync(session, migration.Up, MigrationHistory.InsertSql(migration.Id), cancellationToken);
            _report?.Invoke($"up {migration.Label}");
        }
    }

    /// <summary>Reverts, newest first, what is above <paramref name="to"/>; 0 empties the schema.</summary>
    /// <exception cref="IrreversibleMigrationException">One of them has no way back; nothing was done.</exception>
    /// <exception cref="MigrationException">It cannot be done; the message is one line.</exception>
    public async Task DownAsync(int to, CancellationToken cancellationToken)
    {
        Known(to);
        await using var session = await MigrationSession.OpenAsync(_connectionString, cancellationToken);
        await session.WaitForTurnAsync(_report, cancellationToken);
        var applied = Checked(await MigrationHistory.ReadAsync(session.Connection, cancellationToken));
        for (var number = applied; number > to; number--)
            if (_set[number - 1] is { Down.Irreversible: { } why } stuck)
                throw new IrreversibleMigrationException($"{stuck.Label} cannot be undone: {why}; the lowest version to go down to is {number:000}");

        for (var number = applied; number > to; number--)
        {
            var migration = _set[number - 1];
            await session.DropInvalidAsync(migration.Down.ConcurrentIndexes, cancellationToken);
            await RunAsync(session, migration.Down, MigrationHistory.DeleteSql(migration.Id), cancellationToken);
            _report?.Invoke($"down {migration.Label}");
        }
    }

    /// <summary>Every migration that this program or the database knows, in order.</summary>
    public async Task<IReadOnlyList<MigrationState>> StatusAsync(CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(_connectionString);
        await connection.OpenAsync(cancellationToken);
        var applied = (await MigrationHistory.ReadAsync(connection, cancellationToken)).ToDictionary(row => row.Id);
        var known = _set.Select(migration => new MigrationState(migration.Number, migration.Name, applied.GetValueOrDefault(migration.Id)?.AppliedAt, IsKnown: true));
        var unknown = applied.Values.Where(row => _set.Find(row.Id) is null)
            .Select(row => new MigrationState(SqlMigrationFiles.NumberOf(row.Id), row.Id[Math.Min(row.Id.Length, 15)..], row.AppliedAt, IsKnown: false));
        return [.. known.Concat(unknown).OrderBy(state => state.Number)];
    }

    /// <summary>The version that the database has, by one cheap query; 0 where nothing was ever migrated.</summary>
    public async Task<int> CurrentAsync(CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(_connectionString);
        await connection.OpenAsync(cancellationToken);
        var applied = await MigrationHistory.ReadAsync(connection, cancellationToken);
        return applied.Count == 0 ? 0 : applied.Max(row => SqlMigrationFiles.NumberOf(row.Id));
    }

    /// <summary>The way up for psql, for who may not let a program change the schema. What is applied is skipped, so it can run again.</summary>
    /// <remarks>psql's <c>\if</c> skips what is applied: inside a DO block no index can be built concurrently.</remarks>
    public string Script()
    {
        var script = new StringBuilder("""
            -- AdmitOne's schema, for psql 15 or newer: psql "host=… dbname=… user=admitone_migrate" -f this-file
            \set ON_ERROR_STOP on
            set role admitone_owner;
            set statement_timeout = 0;

            """).Append(MigrationHistory.CreateSql).Append('\n');
        foreach (var migration in _set) AppendScript(script, migration);
        return script.ToString();
    }

    private static void AppendScript(StringBuilder script, SqlMigrationFiles migration)
    {
        script.Append(CultureInfo.InvariantCulture, $"\n-- {migration.Label}\n")
            .Append(CultureInfo.InvariantCulture, $"select not exists (select from platform.schema_migrations where id = '{migration.Id}') as todo \\gset\n\\if :todo\n");
        if (migration.Up.Transactional) script.Append("begin;\n");
        foreach (var index in migration.Up.ConcurrentIndexes)
            script.Append(CultureInfo.InvariantCulture, $"""
                select format('drop index concurrently if exists %I.%I', n.nspname, c.relname)
                  from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                 where not i.indisvalid and n.nspname = {Literal(index.Schema)} and c.relname = {Literal(index.Name)} \gexec

                """);
        foreach (var statement in migration.Up.Statements)
            // On a line of its own: the statement may end with a comment.
            script.Append(statement).Append("\n;\n");
        script.Append(MigrationHistory.InsertSql(migration.Id));
        if (migration.Up.Transactional) script.Append("commit;\n");
        script.Append("\\endif\n");
    }

    private static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    private int Known(int number) => number >= 0 && number <= _set.Latest
        ? number
        : throw new UnknownMigrationException($"there is no migration {number:000}; this program knows 001 to {_set.Latest:000}, and 0 for none");

    /// <summary>The highest applied number of a history that this program can go on from.</summary>
    private int Checked(IReadOnlyList<AppliedMigration> applied)
    {
        if (applied.FirstOrDefault(row => _set.Find(row.Id) is null) is { } unknown)
            throw new DatabaseNewerException(
                $"the database has {SqlMigrationFiles.NumberOf(unknown.Id):000} ({unknown.Id}), which this program does not know (its newest is {_set.Latest:000}); use the newer version of AdmitOne");
        var numbers = applied.Select(row => SqlMigrationFiles.NumberOf(row.Id)).ToHashSet();
        // A migration below an applied one cannot be applied afterwards: it was written for the schema that its number says.
        if (Enumerable.Range(1, numbers.Count).FirstOrDefault(number => !numbers.Contains(number)) is var gap and > 0)
            throw new MigrationException($"the database's history lacks {_set[gap - 1].Label} below {numbers.Max():000}; restore platform.schema_migrations");
        return numbers.Count;
    }

    /// <summary>Runs a file and its change of the history; repeats it as long as it gives way to others.</summary>
    private async Task RunAsync(MigrationSession session, SqlFile file, string historySql, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            string? statement = null;
            try
            {
                await using var transaction = file.Transactional ? await session.Connection.BeginTransactionAsync(cancellationToken) : null;
                // One command a statement: two index builds in one command would share an implicit transaction and fail.
                foreach (var next in file.Statements.Append(historySql))
                {
                    await using var command = new NpgsqlCommand(statement = next, session.Connection, transaction);
                    await command.ExecuteNonQueryAsync(cancellationToken);
                }
                if (transaction is not null) await transaction.CommitAsync(cancellationToken);
                return;
            }
            // It gave up rather than let a sale wait, or lost to one: nothing of the statement was kept, and each bears repetition.
            catch (PostgresException gaveUp) when (attempt < Attempts
                && gaveUp.SqlState is (PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected))
            {
                var where = gaveUp.Where is { } context ? $", {SqlStatements.FirstLine(context)}" : "";
                _report?.Invoke($"{file.Name} gave way to others ({gaveUp.MessageText}{where}); once more");
                await session.InterruptVacuumsAsync(cancellationToken);
                await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(100 * attempt, 1000)), cancellationToken);
            }
            catch (Exception exception) when (exception is not OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                throw Failed(file, statement, exception);
            }
        }
    }

    private static MigrationFailedException Failed(SqlFile file, string? statement, Exception exception)
    {
        var server = exception as PostgresException ?? exception.InnerException as PostgresException;
        var said = server is null ? exception.Message : $"{server.MessageText} ({server.SqlState})";
        if (server?.Detail is { Length: > 0 } detail) said += $"; {detail.ReplaceLineEndings(" ")}";
        var at = statement is null ? "" : $" at `{SqlStatements.FirstLine(statement)}`";
        return new MigrationFailedException($"{file.Name} stopped{at}: {said}", exception);
    }
}

/// <summary>One line of <c>admitone migrate status</c>.</summary>
/// <param name="Number">1, 2, 3, …</param>
/// <param name="Name">What stands behind the number in the files' names.</param>
/// <param name="AppliedAt">Null while it is not applied.</param>
/// <param name="IsKnown">False for one that a newer program has applied.</param>
public sealed record MigrationState(int Number, string Name, DateTimeOffset? AppliedAt, bool IsKnown);
