using System.Globalization;
using System.Net;
using AdmitOne.IntegrationTests.Drills;

namespace AdmitOne.IntegrationTests.Harness;

/// <summary>A network of its own for one process, joined to this machine by a cable on which packets can be lost. The kernel loses them, so TCP repeats them as it does on any network.</summary>
internal sealed class NetworkNamespace : IAsyncDisposable
{
    private const string Table = "faults";

    private readonly string _name;

    private NetworkNamespace(string name, int number) =>
        (_name, Outside, Inside) = (name, IPAddress.Parse($"10.213.{number}.1"), IPAddress.Parse($"10.213.{number}.2"));

    /// <summary>This machine, seen from inside.</summary>
    public IPAddress Outside { get; }

    /// <summary>The process, seen from this machine.</summary>
    public IPAddress Inside { get; }

    /// <summary>Words before a command that has it run inside.</summary>
    public IReadOnlyList<string> Enter => ["/usr/sbin/ip", "netns", "exec", _name];

    /// <summary>Skips the test where there are no namespaces.</summary>
    public static async Task<NetworkNamespace> MakeAsync()
    {
        if (!Environment.IsPrivilegedProcess || !ServerTools.IsInstalled("nft") || !ServerTools.IsInstalled("ip"))
            Assert.Skip("A network namespace is made only by root, with ip and nft (Debian: iproute2, nftables).");
        var number = Random.Shared.Next(1, 250);
        var made = new NetworkNamespace($"admitone-{Environment.ProcessId}-{number}", number);
        var (outer, inner) = ($"ao{number}a", $"ao{number}b");
        await IpAsync("netns", "add", made._name);
        await IpAsync("link", "add", outer, "type", "veth", "peer", "name", inner, "netns", made._name);
        await IpAsync("addr", "add", $"{made.Outside}/30", "dev", outer);
        await IpAsync("link", "set", outer, "up");
        await made.InsideAsync("/usr/sbin/ip", "addr", "add", $"{made.Inside}/30", "dev", inner);
        await made.InsideAsync("/usr/sbin/ip", "link", "set", inner, "up");
        await made.InsideAsync("/usr/sbin/ip", "link", "set", "lo", "up");
        return made;
    }

    /// <summary>Loses so many of a hundred packets from and to these ports of this machine, each way; 100 is a partition.</summary>
    public async Task LoseAsync(int percent, params int[] ports)
    {
        var set = $"{{ {string.Join(", ", ports.Select(port => port.ToString(CultureInfo.InvariantCulture)))} }}";
        var chance = percent >= 100 ? "" : $"numgen random mod 100 < {percent.ToString(CultureInfo.InvariantCulture)} ";
        await InsideAsync("nft", $$"""
            add table inet {{Table}}
            add chain inet {{Table}} arriving { type filter hook input priority 0; }
            add chain inet {{Table}} leaving { type filter hook output priority 0; }
            add rule inet {{Table}} arriving tcp sport {{set}} {{chance}}drop
            add rule inet {{Table}} leaving tcp dport {{set}} {{chance}}drop
            """);
    }

    /// <summary>Every packet arrives again.</summary>
    public Task RestoreAsync() => InsideAsync("nft", $"delete table inet {Table}");

    public async ValueTask DisposeAsync() => await IpAsync("netns", "del", _name);

    private Task InsideAsync(string program, params string[] arguments) => ServerTools.RunAsync(Enter[0], [.. Enter.Skip(1), program, .. arguments]);

    private static Task IpAsync(params string[] arguments) => ServerTools.RunAsync("/usr/sbin/ip", arguments);
}
