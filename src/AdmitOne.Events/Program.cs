using AdmitOne.Events.Calendar;
using AdmitOne.Events.Catalogue;
using AdmitOne.Events.Events;
using AdmitOne.Events.Internal;
using AdmitOne.Events.Lifecycle;
using AdmitOne.Events.Records;
using AdmitOne.Events.Schedule;
using AdmitOne.Events.Sections;
using AdmitOne.Events.Venues;
using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.Events;

/// <summary>The Event Service: its features, and nothing else.</summary>
public static class EventsService
{
    public static readonly ServiceDefinition Definition = new("event-service", "AdmitOne Event Service", DefaultPort: 3003, DefaultPoolMax: 10, SchemaVersion: 34);

    /// <summary>Puts the service together from its own configuration, without starting it.</summary>
    /// <param name="configuration">The flat names of <c>docs/configuration.md</c>; nothing else is read.</param>
    /// <param name="configure">What a test changes before the service is built.</param>
    public static WebApplication Build(IConfiguration configuration, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = ServiceHost.CreateBuilder(Definition, configuration);
        builder.Services.AddValidation();
        builder.Services.AddVenues().AddCatalogue().AddEvents().AddLifecycle();
        configure?.Invoke(builder);

        var app = builder.Build();
        var v1 = app.UsePlatform();
        app.UseVenues();
        v1.MapCatalogue();
        v1.MapEvents();
        v1.MapLifecycle();
        v1.MapSections();
        v1.MapRecords();
        v1.MapSchedule();
        ShowCalendar.Map(v1);
        app.MapInternal();
        return app;
    }

    public static Task<int> Main(string[] args)
    {
        var configuration = ServiceEnvironment.Read("EVENTS_");
        return ServiceHost.RunAsync(Definition, configuration, args, () => Build(configuration));
    }
}
