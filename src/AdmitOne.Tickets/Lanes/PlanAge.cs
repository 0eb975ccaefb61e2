namespace AdmitOne.Tickets.Lanes;

/// <summary>
/// When a lane is to forget the plans of its connection's statements. PostgreSQL keeps a plan until the tables are next analysed, and a
/// sale begins with empty ones: what was planned in its first second would read every order of the sale, for each batch, for a minute. So it is planned
/// anew when the lane has taken twice as many commands as then, and its tables may be twice as large; and now and then for what others write.
/// Oftener would cost more than it saves (ADR 47).
/// </summary>
internal sealed class PlanAge(TimeProvider clock)
{
    private const int FirstLast = 32;   // commands
    private static readonly TimeSpan s_last = TimeSpan.FromSeconds(30);

    private long _taken;
    private long _againAt;
    private long _plannedAt;

    /// <summary>Asked once for each batch, by how many commands it has. Who is told so forgets the plans with this batch.</summary>
    public bool IsOver(int commands)
    {
        _taken += commands;
        if (_taken < _againAt && clock.GetElapsedTime(_plannedAt) < s_last) return false;
        (_plannedAt, _againAt) = (clock.GetTimestamp(), Math.Max(FirstLast, 2 * _taken));
        return true;
    }
}
