using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.Cli.Local;
using AdmitOne.Platform.Http;
using AdmitOne.Tickets.Devices;
using AdmitOne.Tickets.Scans;

namespace AdmitOne.Cli.Scanning;

/// <summary>The Ticket Service, as a scanner speaks to it.</summary>
internal sealed class DoorClient : IDisposable
{
    /// <summary>Somebody waits at the gate: rather decide by the pack than let them.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan s_packPatience = TimeSpan.FromMinutes(3);

    private readonly HttpClient _http;
    private readonly ScannerIdentity _scanner;

    public DoorClient(ScannerIdentity scanner)
    {
        _scanner = scanner;
        _http = new HttpClient { BaseAddress = scanner.Url, Timeout = s_packPatience };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Device", scanner.Credential);
        _http.DefaultRequestHeaders.Add("X-App-Version", typeof(DoorClient).Assembly.GetName().Version!.ToString(3));
    }

    /// <exception cref="CannotRunException">The code is refused, or nobody answers.</exception>
    public static async Task<ActivatedDevice> ActivateAsync(Uri url, string code, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = url };
        try
        {
            using var answer = await http.PostAsJsonAsync("/api/v1/devices/activate", new ActivationRequest { Code = code }, Json.Answers, cancellationToken);
            return await ReadAsync<ActivatedDevice>(answer, cancellationToken);
        }
        catch (HttpRequestException away)
        {
            throw new CannotRunException($"{url} does not answer: {away.Message}", away);
        }
    }

    /// <returns>null if the service does not answer in time.</returns>
    public async Task<Scan?> TryScanAsync(string code, bool isOut, string? gate, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(s_patience);
        try
        {
            using var answer = await _http.PostAsJsonAsync("/api/v1/scans",
                new ScanRequest { Code = code, EventId = _scanner.EventId, Gate = gate, Direction = isOut ? "out" : "in" }, Json.Answers, patience.Token);
            return (int)answer.StatusCode >= 500 ? null : await ReadAsync<Scan>(answer, patience.Token);
        }
        catch (Exception away) when (away is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <param name="since">The cursor of the pack that is there; null: everything.</param>
    /// <returns>The pack, and how far the server's clock is ahead of ours.</returns>
    public async Task<(DoorPack Pack, TimeSpan Ahead)> PackAsync(string? since, CancellationToken cancellationToken)
    {
        var asked = TimeProvider.System.GetUtcNow();
        using var answer = await _http.GetAsync($"/api/v1/events/{_scanner.EventId}/door-pack" + (since is null ? "" : $"?since={Uri.EscapeDataString(since)}"),
            HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        var answered = TimeProvider.System.GetUtcNow();
        var pack = await ReadAsync<DoorPack>(answer, cancellationToken);
        return (pack, ClockOffset.Of(asked, pack.ServerTime, answered));
    }

    public async Task<OfflineScansMerged> MergeAsync(IReadOnlyList<OfflineScan> scans, CancellationToken cancellationToken)
    {
        using var answer = await _http.PostAsJsonAsync("/api/v1/scans/batch", new OfflineScansRequest { EventId = _scanner.EventId, Scans = scans }, Json.Answers, cancellationToken);
        return await ReadAsync<OfflineScansMerged>(answer, cancellationToken);
    }

    public void Dispose() => _http.Dispose();

    private static async Task<T> ReadAsync<T>(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        if (answer.IsSuccessStatusCode) return (await answer.Content.ReadFromJsonAsync<T>(Json.Answers, cancellationToken))!;
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        string said;
        try
        {
            var problem = JsonDocument.Parse(text).RootElement;
            said = $"{problem.GetProperty("code").GetString()}: {problem.GetProperty("detail").GetString()}";
        }
        catch (Exception unreadable) when (unreadable is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            said = text;
        }
        throw new CannotRunException($"{answer.RequestMessage!.RequestUri!.AbsolutePath} answered {(int)answer.StatusCode} {said}");
    }
}
