using System.Globalization;
using System.Net.Sockets;
using AdmitOne.Cli.Local;
using AdmitOne.Schema;
using Npgsql;

namespace AdmitOne.Cli.Commands;

/// <summary>The database that an auditor looks at: as a role that can read every tenant's rows and write none.</summary>
internal static class AuditTarget
{
    /// <exception cref="CannotRunException">Neither the variables nor a data folder say which database.</exception>
    public static string ConnectionString(GivenVariables given, DirectoryInfo? data)
    {
        var builder = new NpgsqlConnectionStringBuilder { ApplicationName = "admitone-verify", Options = "-c default_transaction_read_only=on -c timezone=UTC" };
        builder.Username = given["DB_AUDIT_USER"] ?? DatabaseRoles.Audit;
        if (DataOption.Folder(given, data, preferVariables: given["DB_HOST"] is not null) is { } folder)
        {
            var postgres = RunFile.Read(folder).Postgres;
            (builder.Host, builder.Port, builder.Database) = (postgres.Host, postgres.Port, postgres.Database);
            // One that was given to `up` is what it set, and is not in the folder's secrets.
            builder.Password = given["DB_AUDIT_PASSWORD"] ?? LocalSecrets.Read(folder, DatabaseRoles.Audit);
            return builder.ConnectionString;
        }

        Server(given, builder);
        builder.Database = Required(given, "DB_NAME");
        builder.Password = given["DB_AUDIT_PASSWORD"];
        return builder.ConnectionString;
    }

    /// <summary>Which server the variables mean, whoever logs in to whatever database of it.</summary>
    /// <exception cref="CannotRunException">They do not say.</exception>
    public static void Server(GivenVariables given, NpgsqlConnectionStringBuilder builder)
    {
        builder.Host = Required(given, "DB_HOST");
        builder.Port = given.Port("DB_PORT", 5432);
        if (given["DB_SSL_MODE"] is { } mode)
        {
            // libpq writes verify-full, Npgsql VerifyFull.
            builder.SslMode = Enum.TryParse<SslMode>(mode.Replace("-", "", StringComparison.Ordinal), ignoreCase: true, out var parsed) && Enum.IsDefined(parsed)
                ? parsed
                : throw new CannotRunException($"DB_SSL_MODE is disable, allow, prefer, require, verify-ca or verify-full, not {mode}");
        }
    }

    /// <summary>What a fault of the database means to the person at the terminal, in one line.</summary>
    public static string Explain(NpgsqlException fault, string connectionString)
    {
        var at = new NpgsqlConnectionStringBuilder(connectionString);
        var server = $"PostgreSQL at {at.Host}:{at.Port.ToString(CultureInfo.InvariantCulture)}";
        return fault switch
        {
            PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification }
                => $"{server} refused the login of {at.Username}: is DB_AUDIT_PASSWORD right?",
            PostgresException { SqlState: PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName }
                => $"{server}: the database {at.Database} has no schema of AdmitOne, or an older one (admitone migrate status): {((PostgresException)fault).MessageText}",
            PostgresException refused => $"{server}: {refused.MessageText} ({refused.SqlState})",
            { InnerException: SocketException away } => $"cannot connect to {server}: {away.Message}",
            { InnerException: TimeoutException } => $"{server} took too long: {fault.Message}",
            _ when string.IsNullOrEmpty(at.Password) => $"{server} wants a password for {at.Username}: set DB_AUDIT_PASSWORD",
            _ => $"{server}: {fault.Message}",
        };
    }

    private static string Required(GivenVariables given, string name) => given[name]
        ?? throw new CannotRunException($"{name} is not set; set DB_HOST, DB_NAME and DB_AUDIT_PASSWORD, or say --data FOLDER for the PostgreSQL of ./run");
}
