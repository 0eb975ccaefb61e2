using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Polly.CircuitBreaker;

namespace AdmitOne.Platform.Outbound;

/// <summary>A service that this one calls.</summary>
/// <param name="Name">As the metrics call it.</param>
/// <param name="Breaker">Finds the state of the breaker before it; null if there is none.</param>
public sealed record Neighbour(string Name, Func<IServiceProvider, CircuitState>? Breaker);

/// <summary>Each call to another service by how it ended, repeated ones by themselves, and the breakers that keep calls away.</summary>
public sealed class NeighbourMetrics
{
    private static readonly KeyValuePair<string, object?> s_answered = new("outcome", "answered");
    private static readonly KeyValuePair<string, object?> s_refused = new("outcome", "refused");
    private static readonly KeyValuePair<string, object?> s_failed = new("outcome", "failed");
    private static readonly KeyValuePair<string, object?> s_givenUp = new("outcome", "given_up");

    private readonly Counter<long> _called;

    public NeighbourMetrics(IMeterFactory meters, IEnumerable<Neighbour> neighbours, IServiceProvider services)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var known = neighbours.ToArray();
        var meter = meters.Create("AdmitOne.Neighbours");
        _called = meter.CreateCounter<long>("admitone.neighbours.called", "{call}",
            "Calls to another service, each attempt by itself: answered, refused (4xx), failed (5xx or no connection), or given up because it took too long.");
        meter.CreateObservableGauge("admitone.neighbours.breaker.open",
            () => known.Where(n => n.Breaker is not null).Select(n => new Measurement<int>(n.Breaker!(services) is CircuitState.Open or CircuitState.Isolated ? 1 : 0, Tag(n.Name))), "1",
            "1 while the breaker keeps calls away from a neighbouring service that fails.");
        foreach (var neighbour in known)
            foreach (var outcome in new[] { s_answered, s_refused, s_failed, s_givenUp })
                _called.Add(0, Tag(neighbour.Name), outcome);
    }

    internal void Answered(string neighbour, int status) => _called.Add(1, Tag(neighbour), status switch { < 400 => s_answered, < 500 => s_refused, _ => s_failed });

    internal void Failed(string neighbour) => _called.Add(1, Tag(neighbour), s_failed);

    internal void GivenUp(string neighbour) => _called.Add(1, Tag(neighbour), s_givenUp);

    private static KeyValuePair<string, object?> Tag(string neighbour) => new("neighbour", neighbour);
}

public static class NeighbourSetup
{
    /// <summary>Counts the calls of a client; put it on last, so that it sees each attempt as it goes out.</summary>
    public static IHttpClientBuilder MeteredAs(this IHttpClientBuilder client, string neighbour, Func<IServiceProvider, CircuitState>? breaker = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        client.Services.AddNeighbour(neighbour, breaker);
        return client.AddHttpMessageHandler(provider => new CallMeter(neighbour, provider.GetRequiredService<NeighbourMetrics>()));
    }

    internal static IServiceCollection AddNeighbour(this IServiceCollection services, string name, Func<IServiceProvider, CircuitState>? breaker = null) =>
        services.AddSingleton(new Neighbour(name, breaker));
}
