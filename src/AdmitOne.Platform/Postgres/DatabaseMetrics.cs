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

    private static readonly KeyValuePair<string, object?> s_noDisk = new("reason", "out_of_disk");
    private static readonly KeyValuePair<string, object?> s_noMemory = new("reason", "out_of_memory");
    private static readonly KeyValuePair<string, object?> s_brokenDisk = new("reason", "io_error");

    private readonly Counter<long> _failed;
    private readonly Counter<long> _refused;
    private volatile int _up = NotKnown;
    private double _clockOffset = double.NaN;

    public DatabaseMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create("AdmitOne.Database");
        _failed = meter.CreateCounter<long>("admitone.database.connections.failed", "{connection}",
            "Connections that were wanted and not had: none of the pool came free in time, PostgreSQL refused one, or it could not be reached.");
        _refused = meter.CreateCounter<long>("admitone.database.statements.refused", "{statement}", "Statements that PostgreSQL refused because its machine has nothing left: no disk (53100), no memory (53200), or a disk that fails (58030).");
        meter.CreateObservableGauge("admitone.database.up", () => _up == NotKnown ? [] : new Measurement<int>[] { new(_up) }, "1", "1 if PostgreSQL answered the last question, asked each 5 s; 0 if it did not.");
        meter.CreateObservableGauge("admitone.clock.offset", () => Volatile.Read(ref _clockOffset) is var offset && double.IsNaN(offset) ? [] : new Measurement<double>[] { new(offset) },
            "s", "How far the clock of this process is ahead of PostgreSQL's, compared each 5 s; negative if it is behind.");
        foreach (var reason in new[] { s_exhausted, s_refused, s_unreachable }) _failed.Add(0, reason);
        foreach (var reason in new[] { s_noDisk, s_noMemory, s_brokenDisk }) _refused.Add(0, reason);
    }

    internal void NotConnected(Exception fault) => _failed.Add(1, fault switch
    {
        PostgresException => s_refused,
        // The only one whose message speaks of the pool.
        NpgsqlException { InnerException: TimeoutException } when fault.Message.Contains("pool", StringComparison.Ordinal) => s_exhausted,
        _ => s_unreachable,
    });

    /// <summary>Counts a statement that failed, if the server's machine is why.</summary>
    internal void Failed(PostgresException fault)
    {
        if (fault.SqlState == PostgresErrorCodes.DiskFull) _refused.Add(1, s_noDisk);
        else if (fault.SqlState == PostgresErrorCodes.OutOfMemory) _refused.Add(1, s_noMemory);
        else if (fault.SqlState == PostgresErrorCodes.IoError) _refused.Add(1, s_brokenDisk);
    }

    internal void Up(bool isUp) => _up = isUp ? 1 : 0;

    internal void ClockIsAhead(TimeSpan offset) => Volatile.Write(ref _clockOffset, offset.TotalSeconds);
}
