using Microsoft.Extensions.Configuration;

namespace AdmitOne.Platform.Configuration;

/// <summary>Where a service that runs as its own process takes its settings from.</summary>
public static class ServiceEnvironment
{
    /// <summary>
    /// Mounted secrets (one a file, in <c>/run/secrets</c> unless <c>SECRETS_DIR</c> names another folder), then the process's variables, then those with the service's prefix:
    /// <c>TICKETS_PORT</c> wins over <c>PORT</c> for the Ticket Service.
    /// </summary>
    /// <param name="prefix">The service's prefix with its underscore, such as <c>TICKETS_</c>.</param>
    public static IConfiguration Read(string prefix)
    {
        var configuration = new ConfigurationBuilder();
        var secrets = Environment.GetEnvironmentVariable("SECRETS_DIR") ?? "/run/secrets";
        if (Directory.Exists(secrets)) configuration.AddKeyPerFile(Path.GetFullPath(secrets), optional: true);
        return configuration.AddEnvironmentVariables().AddEnvironmentVariables(prefix).Build();
    }
}
