using AdmitOne.Platform.Postgres;
using Npgsql;

namespace AdmitOne.UnitTests.Problems;

/// <summary>What each SQLSTATE that does not come from a request's data means to its caller.</summary>
public sealed class SqlStateTests
{
    // All codes of the classes 08, 25, 40, 53, 55, 57, 58 and XX in PostgreSQL's appendix A, and those of logging in.
    public static TheoryData<string, SqlStateMeaning> Codes { get; } = new()
    {
        { "08000", SqlStateMeaning.Unavailable }, { "08003", SqlStateMeaning.Unavailable }, { "08006", SqlStateMeaning.Unavailable }, { "08001", SqlStateMeaning.Unavailable },
        { "08004", SqlStateMeaning.Unavailable }, { "08007", SqlStateMeaning.Unavailable }, { "08P01", SqlStateMeaning.Unavailable },
        { "25000", SqlStateMeaning.Fault }, { "25001", SqlStateMeaning.Fault }, { "25002", SqlStateMeaning.Fault }, { "25008", SqlStateMeaning.Fault }, { "25003", SqlStateMeaning.Fault },
        { "25004", SqlStateMeaning.Fault }, { "25005", SqlStateMeaning.Fault }, { "25006", SqlStateMeaning.Unavailable }, { "25007", SqlStateMeaning.Fault }, { "25P01", SqlStateMeaning.Fault },
        { "25P02", SqlStateMeaning.Fault }, { "25P03", SqlStateMeaning.Unavailable }, { "25P04", SqlStateMeaning.Unavailable },
        { "28000", SqlStateMeaning.Unavailable }, { "28P01", SqlStateMeaning.Unavailable }, { "3D000", SqlStateMeaning.Unavailable },
        { "40000", SqlStateMeaning.Collision }, { "40001", SqlStateMeaning.Collision }, { "40002", SqlStateMeaning.Collision }, { "40003", SqlStateMeaning.Unavailable }, { "40P01", SqlStateMeaning.Collision },
        { "53000", SqlStateMeaning.Unavailable }, { "53100", SqlStateMeaning.Unavailable }, { "53200", SqlStateMeaning.Unavailable }, { "53300", SqlStateMeaning.Unavailable }, { "53400", SqlStateMeaning.Unavailable },
        { "55000", SqlStateMeaning.Unavailable }, { "55006", SqlStateMeaning.Unavailable }, { "55P02", SqlStateMeaning.Fault }, { "55P03", SqlStateMeaning.Collision }, { "55P04", SqlStateMeaning.Fault },
        { "57000", SqlStateMeaning.Unavailable }, { "57014", SqlStateMeaning.Unavailable }, { "57P01", SqlStateMeaning.Unavailable }, { "57P02", SqlStateMeaning.Unavailable },
        { "57P03", SqlStateMeaning.Unavailable }, { "57P04", SqlStateMeaning.Unavailable }, { "57P05", SqlStateMeaning.Unavailable },
        { "58000", SqlStateMeaning.Unavailable }, { "58030", SqlStateMeaning.Unavailable }, { "58P01", SqlStateMeaning.Unavailable }, { "58P02", SqlStateMeaning.Unavailable },
        { "XX000", SqlStateMeaning.Fault }, { "XX001", SqlStateMeaning.Fault }, { "XX002", SqlStateMeaning.Fault },
        { "22023", SqlStateMeaning.Fault }, { "23505", SqlStateMeaning.Fault }, { "42501", SqlStateMeaning.Fault }, { "42P05", SqlStateMeaning.Fault }, { "P0001", SqlStateMeaning.Fault },
    };

    [Theory, MemberData(nameof(Codes))]
    public void Each_code_means_this_to_its_caller(string code, SqlStateMeaning meaning)
    {
        var fault = new PostgresException("said", "ERROR", "ERROR", code);
        Assert.Equal(meaning, SqlStates.MeaningOf(code));
        Assert.Equal((meaning == SqlStateMeaning.Unavailable, meaning == SqlStateMeaning.Collision, meaning != SqlStateMeaning.Fault),
            (DatabaseFaults.IsUnavailable(fault), DatabaseFaults.IsCollision(fault), DatabaseFaults.IsTransient(fault)));
    }

    [Fact]
    public void Every_line_of_the_table_has_a_case() =>
        Assert.All(SqlStates.Table.Keys, key => Assert.Contains(Codes, code => code.Data.Item1.StartsWith(key, StringComparison.Ordinal)));

    [Theory]
    [InlineData("ERROR", true)]
    [InlineData("FATAL", false)]
    [InlineData("PANIC", false)]
    public void Only_an_error_proves_that_nothing_was_committed(string severity, bool proves) =>
        Assert.Equal(proves, DatabaseFaults.IsRolledBack(new PostgresException("said", severity, severity, "57P01")));

    [Fact]
    public void A_connection_that_breaks_proves_nothing()
    {
        var broken = new NpgsqlException("broken", new IOException("reset"));
        Assert.Equal((true, false), (DatabaseFaults.IsUnavailable(broken), DatabaseFaults.IsRolledBack(broken)));
    }
}
