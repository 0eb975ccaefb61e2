using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Npgsql;

namespace AdmitOne.Platform.Postgres;

public sealed class PostgresOptions
{
    /// <summary>Where PostgreSQL is. Several, <c>a,b</c> or <c>a:5432,b:5433</c>: a primary and its standbys; whichever takes writes is found, also after a failover.</summary>
    [ConfigurationKeyName("DB_HOST"), Required]
    public string Host { get; set; } = "";

    /// <summary>Its port.</summary>
    [ConfigurationKeyName("DB_PORT"), Range(1, 65535)]
    public int Port { get; set; } = 5432;

    /// <summary>The database.</summary>
    [ConfigurationKeyName("DB_NAME"), Required]
    public string Name { get; set; } = "";

    /// <summary>The service's own login role, which may do what that service does and no more.</summary>
    [ConfigurationKeyName("DB_USER"), Required]
    public string User { get; set; } = "";

    /// <summary>Of that role.</summary>
    [ConfigurationKeyName("DB_PASSWORD"), Required]
    public string Password { get; set; } = "";

    /// <summary>Connections that are kept open.</summary>
    [ConfigurationKeyName("DB_POOL_MIN"), Range(0, 1000)]
    public int PoolMin { get; set; } = 2;

    /// <summary>The most connections; not below <c>DB_POOL_MIN</c>. All replicas together must stay below the server's <c>max_connections</c>.</summary>
    [ConfigurationKeyName("DB_POOL_MAX"), Range(1, 1000)]
    public int? PoolMax { get; set; }

    /// <summary>Unless told otherwise prefer, and verify-full in production, which takes nothing weaker.</summary>
    [ConfigurationKeyName("DB_SSL_MODE"), AllowedValues("disable", "prefer", "require", "verify-ca", "verify-full", null,
        ErrorMessage = "DB_SSL_MODE must be disable, prefer, require, verify-ca or verify-full.")]
    public string? SslMode { get; set; }

    /// <summary>After this the server gives a statement up.</summary>
    [ConfigurationKeyName("DB_STATEMENT_TIMEOUT_MS"), Range(100, 600_000)]
    public int StatementTimeoutMs { get; set; } = 5000;

    /// <summary>
    /// After this a statement stops waiting for a lock that another transaction holds, and its caller is answered <c>overloaded</c>; below <c>DB_STATEMENT_TIMEOUT_MS</c>, and
    /// unless told otherwise 2 s or half of that.
    /// </summary>
    [ConfigurationKeyName("DB_LOCK_TIMEOUT_MS"), Range(50, 600_000)]
    public int? LockTimeoutMs { get; set; }

    /// <summary>
    /// After this the server ends a transaction of ours that asks it nothing: the locks of a replica that is frozen or cut off are then free. Packs and cancellations, which
    /// wait in a transaction, set their own.
    /// </summary>
    [ConfigurationKeyName("DB_IDLE_IN_TRANSACTION_MS"), Range(500, 600_000)]
    public int IdleInTransactionMs { get; set; } = 2000;

    /// <summary>A statement that takes this long is counted and logged with the route or the worker that waited for it.</summary>
    [ConfigurationKeyName("SLOW_COMMAND_MS"), Range(1, 600_000)]
    public int SlowCommandMs { get; set; } = 500;

    public int EffectiveLockTimeoutMs => LockTimeoutMs ?? Math.Min(2000, StatementTimeoutMs / 2);

    public SslMode EffectiveSslMode(bool production) => (SslMode ?? (production ? "verify-full" : "prefer")) switch
    {
        "disable" => Npgsql.SslMode.Disable,
        "prefer" => Npgsql.SslMode.Prefer,
        "require" => Npgsql.SslMode.Require,
        "verify-ca" => Npgsql.SslMode.VerifyCA,
        _ => Npgsql.SslMode.VerifyFull,
    };
}

[OptionsValidator]
internal sealed partial class PostgresOptionsAnnotations : IValidateOptions<PostgresOptions>;

internal sealed class PostgresOptionsRules(IConfiguration configuration) : IValidateOptions<PostgresOptions>
{
    public ValidateOptionsResult Validate(string? name, PostgresOptions options)
    {
        if (options.PoolMax < options.PoolMin) return ValidateOptionsResult.Fail("DB_POOL_MAX must not be below DB_POOL_MIN.");
        if (options.EffectiveLockTimeoutMs >= options.StatementTimeoutMs) return ValidateOptionsResult.Fail("DB_LOCK_TIMEOUT_MS must be below DB_STATEMENT_TIMEOUT_MS.");
        return Configuration.ServiceOptions.IsProductionIn(configuration) && options.EffectiveSslMode(production: true) != Npgsql.SslMode.VerifyFull
            ? ValidateOptionsResult.Fail("DB_SSL_MODE must be verify-full in production.")
            : ValidateOptionsResult.Success;
    }
}
