using System.Net.Sockets;
using Npgsql;

namespace AdmitOne.Platform.Postgres;

/// <summary>What an exception from PostgreSQL means to the one who got it.</summary>
public static class DatabaseFaults
{
    /// <summary>The server is away, changing over, starting, stopping or out of something: the same request may succeed later.</summary>
    public static bool IsUnavailable(Exception fault) => fault switch
    {
        PostgresException refused => SqlStates.MeaningOf(refused.SqlState) == SqlStateMeaning.Unavailable,
        NpgsqlException => true,
        SocketException or TimeoutException => true,
        _ => fault.InnerException is { } inner && IsUnavailable(inner),
    };

    /// <summary>The transaction lost to another one, and nothing of it was kept: repeating it is safe.</summary>
    public static bool IsCollision(Exception fault) => fault is PostgresException refused && SqlStates.MeaningOf(refused.SqlState) == SqlStateMeaning.Collision;

    /// <summary>Nothing is wrong with the request: it may succeed when it is repeated.</summary>
    public static bool IsTransient(Exception fault) => IsUnavailable(fault) || IsCollision(fault);

    /// <summary>
    /// It is certain that the transaction did not commit: PostgreSQL says that a statement of it failed. A message that ends the session (FATAL) says nothing of the
    /// kind: it may arrive in the place of a commit's answer.
    /// </summary>
    public static bool IsRolledBack(Exception fault) => fault is PostgresException { InvariantSeverity: "ERROR" };

    /// <summary>A constraint of this name refused the write.</summary>
    public static bool Broke(Exception fault, string constraint) => fault is PostgresException refused && refused.ConstraintName == constraint;
}
