using System.Data;
using AdmitOne.Platform.Configuration;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace AdmitOne.Platform.Postgres;

internal static class PostgresSetup
{
    // A peer that is gone without a word is found out within eleven seconds, also on a connection that nobody uses.
    private const int KeepAliveSeconds = 5;
    private const int KeepAliveIntervalSeconds = 2;
    private const int KeepAliveCount = 3;

    /// <summary>As the server's <c>pg_settings</c> says it: so often it looks, during a long statement, whether its client is still there.</summary>
    internal const string CheckClientMs = "1000";

    public static IServiceCollection AddPostgres(this IServiceCollection services, string applicationName, int defaultPoolMax)
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        SqlMapper.RemoveTypeMap(typeof(DateTimeOffset));
        SqlMapper.AddTypeHandler(new Instants());
        SqlMapper.ConnectionStringComparer = new AnyDatabase();

        services.AddCheckedOptions<PostgresOptions, PostgresOptionsAnnotations>();
        services.AddSingleton<IValidateOptions<PostgresOptions>, PostgresOptionsRules>();
        services.AddSingleton(provider => ConnectionString(provider, applicationName, defaultPoolMax));
        services.AddSingleton(provider =>
        {
            var builder = new NpgsqlDataSourceBuilder(provider.GetRequiredService<NpgsqlConnectionStringBuilder>().ConnectionString) { Name = applicationName };
            // After a failover the next call looks for the new primary; who is which is asked again each second.
            return builder.ConnectionStringBuilder.Host!.Contains(',', StringComparison.Ordinal)
                ? builder.BuildMultiHost().WithTargetSession(TargetSessionAttributes.Primary)
                : builder.Build();
        });
        services.AddSingleton<SlowCommandMetrics>();
        return services.AddSingleton<DatabaseMetrics>().AddSingleton<Database>().AddSingleton<SessionCheck>();
    }

    private static NpgsqlConnectionStringBuilder ConnectionString(IServiceProvider provider, string applicationName, int defaultPoolMax)
    {
        var options = provider.GetRequiredService<IOptions<PostgresOptions>>().Value;
        var production = provider.GetRequiredService<IOptions<ServiceOptions>>().Value.IsProduction;
        var poolMax = options.PoolMax ?? defaultPoolMax;
        return new NpgsqlConnectionStringBuilder
        {
            Host = options.Host,
            Port = options.Port,
            HostRecheckSeconds = 1,
            Database = options.Name,
            Username = options.User,
            Password = options.Password,
            SslMode = options.EffectiveSslMode(production),
            ApplicationName = applicationName,
            MinPoolSize = Math.Min(options.PoolMin, poolMax),
            MaxPoolSize = poolMax,
            MaxAutoPrepare = 100,
            AutoPrepareMinUsages = 2,
            NoResetOnClose = true,   // settings and locks end with their transaction; to reset a session before each use cost as much as many a statement
            Timeout = 5,
            CommandTimeout = Math.Max(1, (options.StatementTimeoutMs / 1000) + 1),
            CancellationTimeout = 1000,
            TcpKeepAlive = true,
            TcpKeepAliveTime = KeepAliveSeconds,
            TcpKeepAliveInterval = KeepAliveIntervalSeconds,
            Options = ServerSettings(options),
            IncludeErrorDetail = false,
        };
    }

    // What the server does for us on our connections; `admitone migrate roles` gives the roles the same for sessions that do not say so.
    private static string ServerSettings(PostgresOptions options) => string.Join(' ', new (string Name, object Value)[]
    {
        ("statement_timeout", options.StatementTimeoutMs),
        ("lock_timeout", options.EffectiveLockTimeoutMs),
        ("idle_in_transaction_session_timeout", options.IdleInTransactionMs),
        ("tcp_keepalives_idle", KeepAliveSeconds),
        ("tcp_keepalives_interval", KeepAliveIntervalSeconds),
        ("tcp_keepalives_count", KeepAliveCount),
        ("tcp_user_timeout", (KeepAliveSeconds + (KeepAliveCount * KeepAliveIntervalSeconds)) * 1000),
        ("client_connection_check_interval", CheckClientMs),
        ("timezone", "UTC"),
    }.Select(setting => $"-c {setting.Name}={setting.Value}"));

    /// <summary>
    /// What Dapper learns of a statement holds for every database: a statement names its columns, and what it has learnt is checked against those
    /// that come. By its own rule each connection string is hashed and compared with each statement, and each database is learnt anew.
    /// </summary>
    private sealed class AnyDatabase : IEqualityComparer<string>
    {
        public bool Equals(string? x, string? y) => true;

        public int GetHashCode(string obj) => 0;
    }

    /// <summary>timestamptz arrives as a UTC DateTime; the product speaks of instants.</summary>
    private sealed class Instants : SqlMapper.TypeHandler<DateTimeOffset>
    {
        public override DateTimeOffset Parse(object value) => value is DateTimeOffset instant ? instant : new DateTimeOffset((DateTime)value, TimeSpan.Zero);

        public override void SetValue(IDbDataParameter parameter, DateTimeOffset value) => parameter.Value = value.UtcDateTime;
    }
}
