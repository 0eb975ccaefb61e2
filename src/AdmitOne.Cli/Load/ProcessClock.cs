using System.Globalization;

namespace AdmitOne.Cli.Load;

/// <summary>How much CPU time and memory each part below one `admitone up` has used, as Linux' /proc says.</summary>
/// <param name="upProcessId">Of `admitone up`, of which the others are children.</param>
public sealed class ProcessClock(int upProcessId)
{
    public const string Generator = "load generator";
    public const string Postgres = "PostgreSQL";

    private const double TicksPerSecond = 100;
    private const string TicketService = "ticket service";
    private const string EventService = "event service";

    public static readonly IReadOnlyList<string> Parts = [TicketService, Postgres, "Redis", Generator, EventService, "neighbours"];

    /// <summary>Seconds of CPU by part since each was started; empty where there is no /proc.</summary>
    public IReadOnlyDictionary<string, double> Read()
    {
        var processes = Processes();
        if (processes.Count == 0) return new Dictionary<string, double>();
        var sums = Parts.ToDictionary(part => part, _ => 0.0);
        foreach (var stat in processes.Values)
            if (stat.Id == Environment.ProcessId) sums[Generator] += stat.OwnSeconds;
            else if (BelongsToUp(stat, processes)) sums[Part(stat.Name)] += Seconds(stat);
        return sums;
    }

    /// <summary>Bytes resident of each of the two services, now and at most so far; empty where there is no /proc.</summary>
    public IReadOnlyList<(string Service, long Now, long Peak)> ReadMemory()
    {
        var processes = Processes();
        return [.. from stat in processes.Values
                   where BelongsToUp(stat, processes) && Part(stat.Name) is TicketService or EventService
                   let status = File.ReadAllLines($"/proc/{stat.Id}/status")
                   orderby Part(stat.Name)
                   select (Part(stat.Name), Bytes(status, "VmRSS:"), Bytes(status, "VmHWM:"))];
    }

    // "VmRSS:     94208 kB"
    private static long Bytes(IEnumerable<string> status, string name) =>
        1024 * long.Parse(status.First(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture);

    private static Dictionary<int, Stat> Processes() => !Directory.Exists("/proc/self") ? []
        : Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out _))
            .Select(name => ReadStat(int.Parse(name!, CultureInfo.InvariantCulture))).OfType<Stat>().ToDictionary(stat => stat.Id);

    // A backend that ended is on its postmaster's account; other parents' children are counted themselves.
    private static double Seconds(Stat stat) => stat.Name == "postgres" ? stat.OwnSeconds + stat.EndedChildrenSeconds : stat.OwnSeconds;

    private static string Part(string name) => name switch
    {
        "AdmitOne.Ticket" => TicketService,   // the kernel keeps 15 characters
        "AdmitOne.Events" => EventService,
        "postgres" => Postgres,
        "redis-server" or "valkey-server" => "Redis",
        _ => "neighbours",
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
