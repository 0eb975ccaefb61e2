using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;
using AdmitOne.Cli.Local;
using AdmitOne.Schema;
using Npgsql;

namespace AdmitOne.Cli.Commands;

/// <summary>The database that `admitone migrate` works on, and what its errors mean to the person at the terminal.</summary>
internal sealed record MigrateTarget(string ConnectionString)
{
    private const int DefaultPort = 5432;

    /// <exception cref="MigrationException">A variable or the data folder does not say enough.</exception>
    /// <param name="data">The folder of <c>--data</c>; without it the variables count, and without those the usual folder if <c>./run</c> runs on it.</param>
    public static MigrateTarget From(DirectoryInfo? data) => new(
        (DataOption.Folder(GivenVariables.OfProcess(), data, preferVariables: Optional("DB_HOST") is not null) is { } folder ? FromRunFile(new DirectoryInfo(folder)) : FromVariables()).ConnectionString);

    /// <summary>One line for an error that people cause or can mend; null for a fault of the program.</summary>
    public static string? Explain(Exception exception, MigrateTarget? target)
    {
        if (exception is MigrationException) return exception.Message;
        if (exception is not NpgsqlException failed || target is null) return null;
        var at = new NpgsqlConnectionStringBuilder(target.ConnectionString);
        var server = $"PostgreSQL at {at.Host}:{at.Port.ToString(CultureInfo.InvariantCulture)}";
        return failed switch
        {
            PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification } refused
                => $"{server} refused the login of {at.Username}: {refused.MessageText}",
            PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName }
                => $"{server} has no database {at.Database}; `admitone migrate roles` prints what makes it",
            PostgresException other => $"{server}: {other.MessageText} ({other.SqlState})",
            { InnerException: SocketException or TimeoutException } => $"cannot connect to {server}: {failed.InnerException.Message}",
            _ when failed.Message.Contains("password", StringComparison.OrdinalIgnoreCase)
                => $"{server} wants a password for {at.Username}: set DB_MIGRATE_PASSWORD",
            _ => $"{server}: {failed.InnerException?.Message ?? failed.Message}",
        };
    }

    private static NpgsqlConnectionStringBuilder FromVariables()
    {
        var builder = new NpgsqlConnectionStringBuilder
        {
            Host = Required("DB_HOST"),
            Database = Required("DB_NAME"),
            Username = Optional("DB_MIGRATE_USER") ?? DatabaseRoles.Migrate,
            Password = Optional("DB_MIGRATE_PASSWORD"),
            Port = DefaultPort,
        };
        // A primary and its standbys: only one of them can be migrated.
        if (builder.Host!.Contains(',', StringComparison.Ordinal)) builder.TargetSessionAttributes = "primary";
        if (Optional("DB_PORT") is { } port)
            builder.Port = ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
                ? number : throw new MigrationException($"DB_PORT is no port: {port}");
        if (Optional("DB_SSL_MODE") is { } mode)
            // libpq writes verify-full, Npgsql VerifyFull.
            builder.SslMode = Enum.TryParse<SslMode>(mode.Replace("-", "", StringComparison.Ordinal), ignoreCase: true, out var parsed) && Enum.IsDefined(parsed)
                ? parsed : throw new MigrationException($"DB_SSL_MODE is disable, allow, prefer, require, verify-ca or verify-full, not {mode}");
        return builder;
    }

    private static NpgsqlConnectionStringBuilder FromRunFile(DirectoryInfo data)
    {
        var path = Path.Combine(data.FullName, "run.json");
        try
        {
            using var run = JsonDocument.Parse(File.ReadAllBytes(path));
            var postgres = run.RootElement.GetProperty("postgres");
            return new NpgsqlConnectionStringBuilder
            {
                Host = postgres.GetProperty("host").GetString(),
                Port = postgres.GetProperty("port").GetInt32(),
                Database = postgres.GetProperty("database").GetString(),
                Username = postgres.GetProperty("user").GetString(),
                Password = postgres.GetProperty("password").GetString(),
            };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new MigrationException($"cannot read {path}: {exception.Message} (is ./run running on that folder?)", exception);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new MigrationException($"{path} does not name a PostgreSQL: {exception.Message}", exception);
        }
    }

    private static string Required(string variable) => Optional(variable)
        ?? throw new MigrationException($"{variable} is not set; set DB_HOST, DB_NAME and DB_MIGRATE_PASSWORD, or say --data FOLDER for the PostgreSQL of ./run");

    private static string? Optional(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value : null;
}
