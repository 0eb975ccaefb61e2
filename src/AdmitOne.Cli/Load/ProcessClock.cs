using System.Globalization;

namespace AdmitOne.Cli.Load;

/// <summary>How much CPU time and memory each part below one `admitone up` has used, as Linux' /proc says.</summary>
/// <param name="rootProcessId">Of `admitone up`, of which the others are children.</param>
public sealed class ProcessClock(int rootProcessId)
{
    public const string Generator = "load generator";
    public const string Postgres = "PostgreSQL";

    private const double TicksPerSecond = 100;

    /// <summary>Seconds of CPU by part since each was started; empty where there is no /proc.</summary>
    public IReadOnlyDictionary<string, double> Read()
    {
        var sums = new Dictionary<string, double>();
        if (!Directory.Exists("/proc/self")) return sums;
        var processes = Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out _))
            .Select(name => ReadStat(int.Parse(name!, CultureInfo.InvariantCulture))).OfType<Stat>().ToDictionary(stat => stat.Id);
        foreach (var stat in processes.Values)
        {
            var part = stat.Id == Environment.ProcessId ? Generator : BelongsToRoot(stat, processes) ? Part(stat.Name) : null;
            if (part is not null) sums[part] = sums.GetValueOrDefault(part) + stat.Seconds;
        }
        return sums;
    }

    private static string Part(string name) => name switch
    {
        "AdmitOne.Ticket" => "ticket service",   // the kernel keeps 15 characters
        "AdmitOne.Events" => "event service",
        "postgres" => Postgres,
        "redis-server" or "valkey-server" => "Redis",
        _ => "neighbours",
    };

    private bool BelongsToRoot(Stat stat, Dictionary<int, Stat> processes)
    {
        for (Stat? at = stat; at is not null; at = processes.GetValueOrDefault(at.ParentId))
            if (at.Id == rootProcessId) return true;
        return false;
    }

    private static Stat? ReadStat(int id)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{id}/stat");
            // The name is in brackets and may have anything in it.
            var name = text[(text.IndexOf('(', StringComparison.Ordinal) + 1)..text.LastIndexOf(')')];
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            double Ticks(int field) => long.Parse(fields[field], CultureInfo.InvariantCulture);
            // A backend that ended is on its postmaster's account; other parents' children are counted themselves.
            var ended = name == "postgres" ? Ticks(13) + Ticks(14) : 0;
            return new Stat(id, int.Parse(fields[1], CultureInfo.InvariantCulture), name, (Ticks(11) + Ticks(12) + ended) / TicksPerSecond);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private sealed record Stat(int Id, int ParentId, string Name, double Seconds);
}
