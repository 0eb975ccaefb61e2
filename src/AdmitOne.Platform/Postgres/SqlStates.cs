namespace AdmitOne.Platform.Postgres;

/// <summary>What a SQLSTATE means to the caller whose request met it.</summary>
public enum SqlStateMeaning
{
    /// <summary>A fault of ours, or damaged data: 500 <c>internal_error</c>, logged as an error. Repeating does not help.</summary>
    Fault,

    /// <summary>The server is away, changing over, or out of something: 503 <c>dependency_unavailable</c> with <c>Retry-After</c>.</summary>
    Unavailable,

    /// <summary>The transaction lost to another one: a lane repeats it; what still fails is 503 <c>overloaded</c> with <c>Retry-After</c>.</summary>
    Collision,
}

/// <summary>
/// The SQLSTATEs that do not come from a request's data: classes 08, 25, 28, 3D, 40, 53, 55, 57, 58 and XX. Every other class (22, 23, 42 and so on) is a fault where the code
/// does not expect it. <c>docs/errors.md</c> has this table, written from here.
/// </summary>
public static class SqlStates
{
    /// <summary>Classes as a whole, by their first two characters, and single codes, which win over their class.</summary>
    public static IReadOnlyDictionary<string, (SqlStateMeaning Meaning, string When)> Table { get; } = new Dictionary<string, (SqlStateMeaning, string)>
    {
        ["08"] = (SqlStateMeaning.Unavailable, "the connection failed or was refused; a proxy or pooler that cannot reach the server also says so"),
        ["25"] = (SqlStateMeaning.Fault, "a statement in the wrong state of its transaction"),
        ["25006"] = (SqlStateMeaning.Unavailable, "the server is read-only: a standby, or one that has just been promoted and has not finished recovery"),
        ["25P03"] = (SqlStateMeaning.Unavailable, "the transaction was idle for longer than `DB_IDLE_IN_TRANSACTION_MS`: this process was stopped or starved"),
        ["25P04"] = (SqlStateMeaning.Unavailable, "the transaction took longer than the server's `transaction_timeout`"),
        ["28"] = (SqlStateMeaning.Unavailable, "the service's login was refused: wrong password, or a server that is being set up or changed over"),
        ["3D"] = (SqlStateMeaning.Unavailable, "the database is not there (yet)"),
        ["40"] = (SqlStateMeaning.Collision, "a deadlock or a serialization failure"),
        ["40003"] = (SqlStateMeaning.Unavailable, "whether the statement completed is not known"),
        ["53"] = (SqlStateMeaning.Unavailable, "the server has no disk, memory or connections left"),
        ["55"] = (SqlStateMeaning.Unavailable, "an object is in use, or not in a state to be used: for instance, the database accepts no connections just now"),
        ["55P02"] = (SqlStateMeaning.Fault, "a setting that cannot be changed now"),
        ["55P03"] = (SqlStateMeaning.Collision, "a lock was not free within `DB_LOCK_TIMEOUT_MS`"),
        ["55P04"] = (SqlStateMeaning.Fault, "a new value of an enum, used too early"),
        ["57"] = (SqlStateMeaning.Unavailable, "the server cancelled the statement (`DB_STATEMENT_TIMEOUT_MS`), ended the session, starts or stops"),
        ["58"] = (SqlStateMeaning.Unavailable, "the server's operating system failed: a file could not be read or written"),
        ["XX"] = (SqlStateMeaning.Fault, "an internal error of the server"),
        ["XX001"] = (SqlStateMeaning.Fault, "damaged data"),
        ["XX002"] = (SqlStateMeaning.Fault, "a damaged index"),
    };

    /// <param name="sqlState">Five characters.</param>
    public static SqlStateMeaning MeaningOf(string sqlState)
    {
        ArgumentNullException.ThrowIfNull(sqlState);
        return Table.TryGetValue(sqlState, out var code) ? code.Meaning
            : sqlState.Length == 5 && Table.TryGetValue(sqlState[..2], out var ofClass) ? ofClass.Meaning
            : SqlStateMeaning.Fault;
    }
}
