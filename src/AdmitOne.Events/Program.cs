using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;

namespace AdmitOne.Events;

public static class EventsService
{
    /// <summary>Puts the service together from its own configuration, without starting it.</summary>
    public static WebApplication Build(IConfiguration configuration, Action<WebApplicationBuilder>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var builder = WebApplication.CreateSlimBuilder();
        configure?.Invoke(builder);
        return builder.Build();
    }

    public static async Task Main() => await Build(new ConfigurationBuilder().AddEnvironmentVariables().Build()).RunAsync();
}
