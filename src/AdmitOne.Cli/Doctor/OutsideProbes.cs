using System.Globalization;

namespace AdmitOne.Cli.Doctor;

/// <summary>Whether each neighbour that a variable names answers at all.</summary>
internal sealed class NeighboursProbe() : Probe("neighbours")
{
    private static readonly string[] s_names = ["AUTH_SERVICE_URL", "VENUE_SERVICE_URL", "EVENT_SERVICE_URL", "TICKET_SERVICE_URL", "MINTING_SERVICE_URL"];

    public override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken)
    {
        var named = patient.Services.SelectMany(service => s_names.Select(name => (Name: name, Url: service.Settings[name])))
            .Where(one => !string.IsNullOrEmpty(one.Url)).Distinct().ToArray();
        if (named.Length == 0) return One(Finding.Warning("no neighbour is named", "Set VENUE_SERVICE_URL, EVENT_SERVICE_URL, TICKET_SERVICE_URL as docs/configuration.md says."));
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = patient.Patience }) { Timeout = patient.Patience };
        return await Task.WhenAll(named.Select(one => AskAsync(http, one.Name, one.Url!, cancellationToken)));
    }

    private static async Task<Finding> AskAsync(HttpClient http, string name, string url, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await http.GetAsync(url.TrimEnd('/') + "/health", HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return (int)answer.StatusCode < 500 ? Finding.Go($"{name} answers")
                : Finding.NoGo($"{name} answers {((int)answer.StatusCode).ToString(CultureInfo.InvariantCulture)} at /health", "Look at that service; sales go on without it, what it is for does not.");
        }
        catch (Exception away) when (away is HttpRequestException or OperationCanceledException or UriFormatException or InvalidOperationException && !cancellationToken.IsCancellationRequested)
        {
            return Finding.NoGo($"{name} cannot be reached: {away.Message}", "Start it, or mend the URL or the network policy.");
        }
    }
}

/// <summary>Whether the volume of the database has room. A full one stops every sale at once.</summary>
internal sealed class DiskProbe() : Probe("disk")
{
    public override Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken) => Task.FromResult(One(Look(patient)));

    private static Finding Look(Patient patient)
    {
        if (patient.DiskPath is not { } path) return Finding.Warning("the database's volume is not visible from here", "Say --disk PATH where it is mounted, and alert on it where it is not (docs/duties.md).");
        if (!Directory.Exists(path)) return Finding.NoGo($"there is no {path}", "Say --disk with a folder on the database's volume.");
        var volume = new DriveInfo(path);
        var found = $"{Size(volume.AvailableFreeSpace)} of {Size(volume.TotalSize)} free at {path}; {Size(patient.DiskFreeBytes)} must be";
        return Finding.If(volume.AvailableFreeSpace >= patient.DiskFreeBytes, found, "Grow the volume, or find what fills it: pg_wal with a replication slot that nobody reads is the usual one.");
    }

    private static string Size(long bytes) => $"{(bytes / (double)(1L << 30)).ToString("0.0", CultureInfo.InvariantCulture)} GiB";
}
