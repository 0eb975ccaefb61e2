using System.Diagnostics.Metrics;

namespace AdmitOne.Tickets.Minting;

/// <summary>Mint jobs by what became of them.</summary>
public sealed class MintingMetrics
{
    private static readonly string[] s_kinds = ["mint", "transfer", "burn"];
    private static readonly string[] s_results = ["sent", "failed", "done", "refused", "dead", "replayed", "repeated", "unknown"];

    private readonly Counter<long> _queued;
    private readonly Counter<long> _moved;

    public MintingMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create("AdmitOne.Minting");
        _queued = meter.CreateCounter<long>("admitone.minting.queued", "{job}", "Mint jobs made, by what they do to the token.");
        _moved = meter.CreateCounter<long>("admitone.minting.moved", "{job}",
            "What became of mint jobs: sent is an attempt that was accepted, failed one that was not, done and refused are answers, repeated and unknown such as changed nothing.");
        foreach (var kind in s_kinds) Queued(kind, 0);
        foreach (var result in s_results) Moved(result, 0);
    }

    /// <param name="kind">mint, transfer or burn.</param>
    public void Queued(string kind, int jobs) => _queued.Add(jobs, new KeyValuePair<string, object?>("kind", kind));

    /// <param name="result">sent, failed, done, refused, dead, replayed, repeated or unknown.</param>
    public void Moved(string result, int jobs = 1) => _moved.Add(jobs, new KeyValuePair<string, object?>("result", result));
}
