using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AdmitOne.Tickets.Lanes;

/// <summary>Whether the lanes of this replica get on, read from them when they are asked.</summary>
public sealed class LaneMetrics
{
    public LaneMetrics(IMeterFactory meters, IServiceProvider services)
    {
        ArgumentNullException.ThrowIfNull(meters);
        // Not before they are asked: the lanes may need what counts them.
        var sets = new Lazy<IMeasuredLanes[]>(() => [.. services.GetServices<IHostedService>().OfType<IMeasuredLanes>()]);
        meters.Create("AdmitOne.Lanes").CreateObservableGauge("admitone.lane.oldest_waiting", () => sets.Value.SelectMany(Measure),
            "s", "How long the oldest command without an answer has waited, by lane; 0 if none waits.");
    }

    private static IEnumerable<Measurement<double>> Measure(IMeasuredLanes set) => set.OldestWaiting.Select((waiting, n) => new Measurement<double>(waiting.TotalSeconds,
        new KeyValuePair<string, object?>("kind", set.Kind), new KeyValuePair<string, object?>("lane", n.ToString(CultureInfo.InvariantCulture))));
}
