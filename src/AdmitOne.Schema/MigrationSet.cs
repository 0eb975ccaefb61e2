using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace AdmitOne.Schema;

/// <summary>The migrations that a program knows, in order, without gaps: 1, 2, 3, …</summary>
/// <remarks>Adding a migration is adding two files, <c>004_name.up.sql</c> and <c>004_name.down.sql</c>.</remarks>
public sealed partial class MigrationSet : IReadOnlyList<SqlMigrationFiles>
{
    private static readonly Lazy<MigrationSet> _product = new(() => FromResources(typeof(MigrationSet).Assembly));
    private readonly SqlMigrationFiles[] _migrations;

    private MigrationSet(SqlMigrationFiles[] migrations) => _migrations = migrations;

    /// <summary>AdmitOne's own migrations.</summary>
    public static MigrationSet Product => _product.Value;

    /// <summary>The highest number, 0 for an empty set.</summary>
    public int Latest => _migrations.Length;

    public int Count => _migrations.Length;

    public SqlMigrationFiles this[int index] => _migrations[index];

    /// <summary>Makes a set of files by name (<c>001_baseline.up.sql</c>) and text.</summary>
    /// <exception cref="MigrationException">A file is misnamed, lacks its partner, or breaks a rule of docs/migrations.md.</exception>
    public static MigrationSet FromFiles(IEnumerable<KeyValuePair<string, string>> files)
    {
        var found = new SortedDictionary<int, (string Name, string? Up, string? Down, string? Online)>();
        foreach (var (file, text) in files)
        {
            var match = FileName().Match(file);
            if (!match.Success) throw new MigrationException($"{file}: a migration is named like 004_short_name.up.sql and 004_short_name.down.sql");
            var number = int.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture);
            var name = match.Groups["name"].Value;
            var known = found.GetValueOrDefault(number, (name, null, null, null));
            if (known.Item1 != name) throw new MigrationException($"{file}: {known.Item1} has the same number");
            found[number] = match.Groups["way"].Value switch { "up" => known with { Item2 = text }, "down" => known with { Item3 = text }, _ => known with { Item4 = text } };
        }
        return new MigrationSet([.. found.Select((entry, index) => Make(entry.Key, index + 1, entry.Value))]);
    }

    public IEnumerator<SqlMigrationFiles> GetEnumerator() => ((IEnumerable<SqlMigrationFiles>)_migrations).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal SqlMigrationFiles? Find(string id) => Array.Find(_migrations, migration => migration.Id == id);

    private static SqlMigrationFiles Make(int number, int expected, (string Name, string? Up, string? Down, string? Online) files)
    {
        var label = $"{number:000}_{files.Name}";
        if (number != expected) throw new MigrationException($"{label}: numbers have no gaps, {expected:000} is missing");
        if (files.Up is null) throw new MigrationException($"{label}.up.sql is missing");
        if (files.Down is null) throw new MigrationException($"{label}.down.sql is missing; say `-- irreversible: why` in it if there is no way back");
        var up = SqlFile.Parse($"{label}.up.sql", files.Up);
        if (files.Online is not null) up = OnlineRoute.Of(up, SqlFile.Parse($"{label}.online.sql", files.Online));
        return new SqlMigrationFiles(number, files.Name, up, SqlFile.Parse($"{label}.down.sql", files.Down));
    }

    private static MigrationSet FromResources(Assembly assembly) => FromFiles(
        from resource in assembly.GetManifestResourceNames()
        where resource.EndsWith(".sql", StringComparison.Ordinal)
        select KeyValuePair.Create(resource, Read(assembly, resource)));

    private static string Read(Assembly assembly, string resource)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
        return reader.ReadToEnd();
    }

    [GeneratedRegex(@"^(?<number>\d{3,6})_(?<name>[a-z][a-z0-9_]*)\.(?<way>up|down|online)\.sql$", RegexOptions.CultureInvariant)]
    private static partial Regex FileName();
}

/// <summary>One migration: its way up and its way down.</summary>
public sealed record SqlMigrationFiles(int Number, string Name, SqlFile Up, SqlFile Down)
{
    private const string Epoch = "20260101";

    /// <summary>What the history keeps, <c>20260101000001_baseline</c>: 14 digits that sort, then the name.</summary>
    public string Id => $"{Epoch}{Number:000000}_{Name}";

    /// <summary>What people say, <c>001_baseline</c>.</summary>
    public string Label => $"{Number:000}_{Name}";

    /// <summary>The number in an id of the history; 0 if it is none of ours.</summary>
    public static int NumberOf(string id) =>
        id.Length > 15 && id[14] == '_' && int.TryParse(id.AsSpan(8, 6), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
