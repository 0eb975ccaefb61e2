using AdmitOne.Platform.Configuration;

namespace AdmitOne.Cli.Local;

/// <summary>What `admitone up` was asked for.</summary>
/// <param name="Demo">Put something on sale, once.</param>
/// <param name="Separate">Each service as a process of its own, as in production.</param>
/// <param name="Replicas">How many Ticket Services.</param>
public sealed record StackOptions(string DataPath, bool Demo, bool Separate, int Replicas, GivenVariables Given)
{
    private int? _eventsMetricsPort;
    private IReadOnlyList<int>? _ticketsMetricsPorts;
    private int? _identityMetricsPort;

    public int EventsPort { get; } = Given.Port("EVENTS_PORT", 3003);

    public IReadOnlyList<int> TicketsPorts { get; } = [.. Enumerable.Range(Given.Port("TICKETS_PORT", 3004), Replicas)];

    /// <summary>Where the Event Service answers <c>/metrics</c>: <c>EVENTS_METRICS_PORT</c>, or 6000 above its own port if that is free.</summary>
    public int EventsMetricsPort => _eventsMetricsPort ??= MetricsPort("EVENTS_METRICS_PORT", EventsPort, 0);

    /// <summary>Where each Ticket Service answers <c>/metrics</c>; they count up from <c>TICKETS_METRICS_PORT</c>.</summary>
    public IReadOnlyList<int> TicketsMetricsPorts => _ticketsMetricsPorts ??= [.. TicketsPorts.Select((port, n) => MetricsPort("TICKETS_METRICS_PORT", port, n))];

    public int AuthPort { get; } = Given.Port("AUTH_PORT", 3001);

    public int VenuesPort { get; } = Given.Port("VENUES_PORT", 3002);

    public int MintingPort { get; } = Given.Port("MINTING_PORT", 3018);

    /// <summary>Where Identity answers <c>/metrics</c>.</summary>
    public int IdentityMetricsPort => _identityMetricsPort ??= MetricsPort("IDENTITY_METRICS_PORT", AuthPort, 0);

    private int MetricsPort(string variable, int port, int number)
    {
        if (Given[variable] is not null) return Given.Port(variable, port) + number;
        var above = port + ServiceOptions.MetricsDistance;
        return FreePort.Choose(above <= 65535 ? above : port - ServiceOptions.MetricsDistance);
    }

    /// <summary>Says which port is taken, and by which variable to choose another, before anything is started.</summary>
    /// <exception cref="CannotRunException">One is in use, or needed twice.</exception>
    public void CheckPorts()
    {
        List<(string Variable, int Port)> needed =
        [
            ("EVENTS_PORT", EventsPort), .. TicketsPorts.Select(port => ("TICKETS_PORT", port)),
            ("AUTH_PORT", AuthPort), ("VENUES_PORT", VenuesPort), ("MINTING_PORT", MintingPort),
        ];
        foreach (var same in needed.GroupBy(need => need.Port).Where(same => same.Count() > 1))
        {
            throw new CannotRunException($"port {same.Key} is wanted by {string.Join(" and ", same.Select(need => need.Variable))}: choose different ones");
        }

        foreach (var (variable, port) in needed.Where(need => need.Port > 65535 || !FreePort.IsFree(need.Port)))
        {
            throw new CannotRunException($"port {port} is in use: stop what listens there, or choose another with {variable}");
        }
    }
}
