using AdmitOne.Events;
using AdmitOne.Tickets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;

[assembly: AssemblyFixture(typeof(AdmitOne.UnitTests.Architecture.Services))]

namespace AdmitOne.UnitTests.Architecture;

/// <summary>Both services put together as they would run, and not started: what can be asked of them without any server.</summary>
public sealed class Services : IAsyncDisposable
{
    private static readonly Dictionary<string, string?> s_settings = new()
    {
        ["DB_HOST"] = "127.0.0.1", ["DB_NAME"] = "none", ["DB_USER"] = "none", ["DB_PASSWORD"] = "none", ["REDIS_HOST"] = "127.0.0.1",
        ["JWT_SECRET"] = "Kd83hf0sLq1mZx7vBn5tRw2yGp9cJe4a", ["INTERNAL_API_KEY"] = "Vt6bNq3xLw8zRk1mHs5yDf0gPc7jTe2u",
        ["INTERNAL_WEBHOOK_SECRET"] = "Qa9sWd4fEr7gTh2jYk5lUz8xIc1vOb6n", ["QR_ENCRYPTION_KEY"] = "Mn3bVc6xZl9kJh2gFd5sAq8wEr1tYu4i",
        ["EVENT_SERVICE_URL"] = "http://127.0.0.1:1", ["VENUE_SERVICE_URL"] = "http://127.0.0.1:1", ["AUTH_SERVICE_URL"] = "http://127.0.0.1:1",
        ["MINTING_SERVICE_URL"] = "http://127.0.0.1:1",
    };

    public IReadOnlyList<(string Name, WebApplication App)> All { get; } =
    [
        ("Events", EventsService.Build(Settings())),
        ("Tickets", TicketsService.Build(Settings())),
    ];

    /// <summary>The routes that the services' features and the platform have mapped.</summary>
    public IReadOnlyList<(string Service, RouteEndpoint Route)> Routes => field ??=
        [.. All.SelectMany(service => ((IEndpointRouteBuilder)service.App).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Select(route => (service.Name, route)))];

    public async ValueTask DisposeAsync()
    {
        foreach (var (_, app) in All) await app.DisposeAsync();
    }

    internal static IConfiguration Settings() => new ConfigurationBuilder().AddInMemoryCollection(s_settings).Build();
}
