using System.Net.Sockets;
using Npgsql;

namespace AdmitOne.Platform.Postgres;

/// <summary>What an exception from PostgreSQL means to the one who got it.</summary>
public static class DatabaseFaults
{
    /// <summary>The server is away, starting, stopping or out of connections: the same request may succeed later.</summary>
    public static bool IsUnavailable(Exception fault) => fault switch
    {
        PostgresException
        {
            SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow
            or PostgresErrorCodes.TooManyConnections or PostgresErrorCodes.QueryCanceled
        } => true,
        PostgresException => false,
        NpgsqlException => true,
        SocketException or TimeoutException => true,
        _ => fault.InnerException is { } inner && IsUnavailable(inner),
    };

    /// <summary>The transaction lost to another one, and nothing of it was kept: repeating it is safe.</summary>
    public static bool IsCollision(Exception fault) => fault is PostgresException
    { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.LockNotAvailable };

    /// <summary>A constraint of this name refused the write.</summary>
    public static bool Broke(Exception fault, string constraint) => fault is PostgresException refused && refused.ConstraintName == constraint;
}
