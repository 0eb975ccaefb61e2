using System.Globalization;

namespace AdmitOne.Bench;

/// <summary>How much CPU time each part of what is measured has used, as Linux' /proc says.</summary>
internal sealed class CpuClock(int upProcessId)
{
    private const double TicksPerSecond = 100;

    public static readonly IReadOnlyList<string> Parts = ["ticket service", "PostgreSQL", "Redis", "load generator", "event service and neighbours"];

    /// <summary>Seconds of CPU by part since each was started; empty where there is no /proc.</summary>
    public IReadOnlyDictionary<string, double> Read()
    {
        if (!Directory.Exists("/proc/self")) return new Dictionary<string, double>();
        var processes = Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out _))
            .Select(name => ReadStat(int.Parse(name!, CultureInfo.InvariantCulture))).OfType<Stat>().ToDictionary(stat => stat.Id);
        var sums = Parts.ToDictionary(part => part, _ => 0.0);
        foreach (var stat in processes.Values)
            if (stat.Id == Environment.ProcessId) sums["load generator"] += stat.OwnSeconds;
            else if (BelongsToUp(stat, processes)) sums[Part(stat.Name)] += Seconds(stat);
        return sums;
    }

    // A backend that ended is on its postmaster's account; other parents' children are counted themselves.
    private static double Seconds(Stat stat) => stat.Name == "postgres" ? stat.OwnSeconds + stat.EndedChildrenSeconds : stat.OwnSeconds;

    private static string Part(string name) => name switch
    {
        "AdmitOne.Ticket" => "ticket service",   // the kernel keeps 15 characters
        "postgres" => "PostgreSQL",
        "redis-server" or "valkey-server" => "Redis",
        _ => "event service and neighbours",
    };

    private bool BelongsToUp(Stat stat, Dictionary<int, Stat> processes)
    {
        for (Stat? at = stat; at is not null; at = processes.GetValueOrDefault(at.ParentId))
            if (at.Id == upProcessId) return true;
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
            return new Stat(id, int.Parse(fields[1], CultureInfo.InvariantCulture), name, (Ticks(11) + Ticks(12)) / TicksPerSecond, (Ticks(13) + Ticks(14)) / TicksPerSecond);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private sealed record Stat(int Id, int ParentId, string Name, double OwnSeconds, double EndedChildrenSeconds);
}
