using AdmitOne.Platform.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.Neighbours;

/// <summary>
/// What the three have in common: they stand for other people's systems, so they keep their rows in a schema of their own, see nothing of
/// ours, and are known to the services by URL only.
/// </summary>
internal static class NeighbourHost
{
    public static WebApplication Build(
        ServiceDefinition definition, IConfiguration configuration, string tables, Action<IServiceCollection> add, Action<RouteGroupBuilder, WebApplication> map)
    {
        var builder = ServiceHost.CreateBuilder(definition, configuration);
        builder.Services.AddValidation();
        builder.Services.AddHostedService(provider => ActivatorUtilities.CreateInstance<NeighbourTables>(provider, tables));
        add(builder.Services);

        var app = builder.Build();
        map(app.UsePlatform(), app);
        return app;
    }

    public static ServiceDefinition Define(string name, string title, int port) => new(name, title, port, DefaultPoolMax: 5, SchemaVersion: 0);
}
