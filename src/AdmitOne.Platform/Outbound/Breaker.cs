using Microsoft.Extensions.DependencyInjection;
using Polly.CircuitBreaker;

namespace AdmitOne.Platform.Outbound;

/// <summary>What stops calls to one neighbour that keeps failing, as operators see it: its state, and a way to close it by hand.</summary>
/// <param name="Neighbour">Such as <c>venue-service</c>.</param>
public sealed record Breaker(string Neighbour)
{
    /// <summary>Given to the strategy that breaks; closed until it is.</summary>
    public CircuitBreakerStateProvider State { get; } = new();

    public CircuitBreakerManualControl Control { get; } = new();

    /// <summary><c>closed</c> (calls go through), <c>open</c> (none do), <c>half_open</c> (one is tried) or <c>isolated</c> (held open by hand).</summary>
    public string Word => State.CircuitState switch
    {
        CircuitState.Open => "open",
        CircuitState.HalfOpen => "half_open",
        CircuitState.Isolated => "isolated",
        _ => "closed",
    };
}

public static class BreakerExtensions
{
    /// <summary>Names a neighbour whose calls are broken off when it fails; its client's pipeline takes the breaker by this name.</summary>
    public static IServiceCollection AddBreaker(this IServiceCollection services, string neighbour)
    {
        var breaker = new Breaker(neighbour);
        return services.AddSingleton(breaker).AddKeyedSingleton(neighbour, breaker);
    }
}
