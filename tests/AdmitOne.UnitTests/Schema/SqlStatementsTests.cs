using AdmitOne.Schema;

namespace AdmitOne.UnitTests.Schema;

public sealed class SqlStatementsTests
{
    [Theory]
    [InlineData("", new string[0])]
    [InlineData(" ;; -- nothing\n/* at all; */ ;", new string[0])]
    [InlineData("select 1", new[] { "select 1" })]
    [InlineData("select 1;select 2;", new[] { "select 1", "select 2" })]
    [InlineData("select ';', 'it''s;', 'back\\';select 2", new[] { "select ';', 'it''s;', 'back\\'", "select 2" })]
    [InlineData("select E'a\\';b'; select 2", new[] { "select E'a\\';b'", "select 2" })]
    [InlineData("select name';' from t; select 2", new[] { "select name';' from t", "select 2" })]
    [InlineData("create table \"odd;\"\"name\" (a int); select 2", new[] { "create table \"odd;\"\"name\" (a int)", "select 2" })]
    [InlineData("select 1; -- not; here\nselect 2", new[] { "select 1", "-- not; here\nselect 2" })]
    [InlineData("select 1 /* a; /* nested; */ b; */; select 2", new[] { "select 1 /* a; /* nested; */ b; */", "select 2" })]
    [InlineData("do $$ begin a; b; end $$; select 2", new[] { "do $$ begin a; b; end $$", "select 2" })]
    [InlineData("do $x$ a; $$ b; $y$ $x$; select 2", new[] { "do $x$ a; $$ b; $y$ $x$", "select 2" })]
    [InlineData("select a$b$; select $1; select 2$3", new[] { "select a$b$", "select $1", "select 2$3" })]
    [InlineData("select U&'\\0061;'; select B'1'; select $ü$;$ü$", new[] { "select U&'\\0061;'", "select B'1'", "select $ü$;$ü$" })]
    [InlineData("create rule r as on insert to t do also (select 1; select 2); select 3",
        new[] { "create rule r as on insert to t do also (select 1; select 2)", "select 3" })]
    [InlineData("create or replace function f() returns int begin atomic select 1; select case when true then 2 end; end; select 3",
        new[] { "create or replace function f() returns int begin atomic select 1; select case when true then 2 end; end", "select 3" })]
    [InlineData("begin; create table atomic (a int); end; select 1", new[] { "begin", "create table atomic (a int)", "end", "select 1" })]
    [InlineData("select 5-- minus;\n-3; select '--'';'", new[] { "select 5-- minus;\n-3", "select '--'';'" })]
    public void A_file_is_cut_where_psql_cuts_it(string sql, string[] expected) => Assert.Equal(expected, SqlStatements.Split(sql));

    [Theory]
    [InlineData("select 1;\nselect 'a;", "the string that begins in line 2 is not closed")]
    [InlineData("select \"a;", "the quoted name that begins in line 1 is not closed")]
    [InlineData("\n\ndo $x$ a $$", "the dollar quote that begins in line 3 is not closed")]
    [InlineData("/* a /* b */", "the block comment that begins in line 1 is not closed")]
    public void What_is_not_closed_is_named_with_its_line(string sql, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => SqlStatements.Split(sql)).Message);

    [Fact]
    public void The_first_line_of_a_statement_skips_the_comments_above_it() =>
        Assert.Equal("alter table a", SqlStatements.FirstLine("-- why\n/* and\n how */  alter table a  \n  add b int"));
}
