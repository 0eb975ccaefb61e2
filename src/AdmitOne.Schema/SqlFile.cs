using System.Text.RegularExpressions;

namespace AdmitOne.Schema;

/// <summary>One SQL file, cut into statements and checked for what would break halfway.</summary>
public sealed partial class SqlFile
{
    private SqlFile(string name, string text) => (Name, Text) = (name, text);

    public string Name { get; }

    public string Text { get; }

    public IReadOnlyList<string> Statements { get; private init; } = [];

    /// <summary>False for a file that begins with <c>-- no transaction</c>: each statement then commits by itself.</summary>
    public bool Transactional { get; private init; }

    /// <summary>Why there is no way back, from a first line <c>-- irreversible: why</c>; null where there is one.</summary>
    public string? Irreversible { get; private init; }

    /// <summary>The indexes that the file builds concurrently: a build that was interrupted leaves an invalid one.</summary>
    internal IReadOnlyList<IndexName> ConcurrentIndexes { get; private init; } = [];

    /// <exception cref="MigrationException">The file breaks a rule of docs/migrations.md.</exception>
    internal static SqlFile Parse(string name, string text)
    {
        IReadOnlyList<string> statements;
        try
        {
            statements = SqlStatements.Split(text);
        }
        catch (FormatException exception)
        {
            throw new MigrationException($"{name}: {exception.Message}", exception);
        }
        var irreversible = IrreversibleMark().Match(text);
        var transactional = !NoTransactionMark().IsMatch(text);
        return new SqlFile(name, text)
        {
            Statements = transactional ? LockOrder.With(statements) : LockOrder.Patiently(statements),
            Transactional = transactional,
            Irreversible = irreversible.Success ? irreversible.Groups["why"].Value.Trim() : null,
            ConcurrentIndexes = [.. statements.Select(statement => Concurrent(name, transactional, statement)).OfType<IndexName>()],
        };
    }

    /// <summary>The same file with other statements, each of which commits by itself.</summary>
    internal SqlFile InSteps(IReadOnlyList<string> statements) => new(Name, Text) { Statements = statements, Transactional = false };

    private static IndexName? Concurrent(string file, bool transactional, string statement)
    {
        var code = statement[SqlStatements.SkipComments(statement)..];
        if (!ConcurrentIndex().IsMatch(code)) return null;
        if (transactional)
            throw new MigrationException($"{file}: `concurrently` needs `-- no transaction` as the file's first line: {SqlStatements.FirstLine(statement)}");
        if (!code.StartsWith("create", StringComparison.OrdinalIgnoreCase)) return null;
        var match = CreateIndex().Match(code);
        if (!match.Success)
            throw new MigrationException(
                $"{file}: write `create index concurrently if not exists name on schema.table`, so that an interrupted run can go on: {SqlStatements.FirstLine(statement)}");
        return new IndexName(Fold(match.Groups["schema"].Value), Fold(match.Groups["name"].Value));
    }

    private static string Fold(string identifier) => identifier.StartsWith('"')
        ? identifier[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal)
        : identifier.ToLowerInvariant();

    [GeneratedRegex(@"\A\s*--\s*no transaction\b", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex NoTransactionMark();

    [GeneratedRegex(@"\A\s*--\s*irreversible:(?<why>[^\n]*)", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex IrreversibleMark();

    [GeneratedRegex(@"\A(create\s+(unique\s+)?index|drop\s+index|reindex\s+\w+)\s+concurrently\b", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex ConcurrentIndex();

    [GeneratedRegex("""
        \Acreate\s+(unique\s+)?index\s+concurrently\s+if\s+not\s+exists\s+
        (?<name>"([^"]|"")+"|[\w$]+)\s+on\s+(only\s+)?(?<schema>"([^"]|"")+"|[\w$]+)\s*\.
        """, RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex CreateIndex();
}

/// <summary>An index by its schema, which is its table's, and its own name.</summary>
internal sealed record IndexName(string Schema, string Name);
