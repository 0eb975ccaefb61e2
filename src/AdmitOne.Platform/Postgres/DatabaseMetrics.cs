using System.Diagnostics.Metrics;
using Npgsql;

namespace AdmitOne.Platform.Postgres;

/// <summary>Whether the database can be reached. Its pool and its commands are measured by Npgsql.</summary>
public sealed class DatabaseMetrics
{
    private const int NotKnown = -1;
    private static readonly KeyValuePair<string, object?> s_exhausted = new("reason", "pool_exhausted");
    private static readonly KeyValuePair<string, object?> s_refused = new("reason", "refused");
    private static readonly KeyValuePair<string, object?> s_unreachable = new("reason", "unreachable");

    private readonly Counter<long> _failed;
    private volatile int _up = NotKnown;

    public DatabaseMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create("AdmitOne.Database");
        _failed = meter.CreateCounter<long>("admitone.database.connections.failed", "{connection}",
            "Connections that were wanted and not had: none of the pool came free in time, PostgreSQL refused one, or it could not be reached.");
        meter.CreateObservableGauge("admitone.database.up", () => _up == NotKnown ? [] : new Measurement<int>[] { new(_up) }, "1", "1 if PostgreSQL answered the last question, asked each 5 s; 0 if it did not.");
        foreach (var reason in new[] { s_exhausted, s_refused, s_unreachable }) _failed.Add(0, reason);
    }

    internal void NotConnected(Exception fault) => _failed.Add(1, fault switch
    {
        PostgresException => s_refused,
        // The only one whose message speaks of the pool.
        NpgsqlException { InnerException: TimeoutException } when fault.Message.Contains("pool", StringComparison.Ordinal) => s_exhausted,
        _ => s_unreachable,
    });

    internal void Up(bool isUp) => _up = isUp ? 1 : 0;
}
