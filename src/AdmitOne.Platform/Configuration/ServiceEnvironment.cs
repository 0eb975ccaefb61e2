using Microsoft.Extensions.Configuration;

namespace AdmitOne.Platform.Configuration;

/// <summary>Where a service that runs as its own process takes its settings from.</summary>
public static class ServiceEnvironment
{
    /// <summary>
    /// Mounted secrets (<c>/run/secrets</c>, one a file), then the process's variables, then those with the service's prefix:
    /// <c>TICKETS_PORT</c> wins over <c>PORT</c> for the Ticket Service.
    /// </summary>
    /// <param name="prefix">The service's prefix with its underscore, such as <c>TICKETS_</c>.</param>
    public static IConfiguration Read(string prefix)
    {
        var configuration = new ConfigurationBuilder();
        if (Directory.Exists("/run/secrets")) configuration.AddKeyPerFile("/run/secrets", optional: true);
        return configuration.AddEnvironmentVariables().AddEnvironmentVariables(prefix).Build();
    }
}
