using System.Globalization;
using System.Net;
using Microsoft.Extensions.Configuration;

namespace AdmitOne.Platform.Health;

/// <summary>Asks a service of the same settings whether it is ready: what a container's health check runs where there is no shell and no curl.</summary>
public static class HealthProbe
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);

    /// <returns>The exit code: 0 if it is ready, 1 if it is not or does not answer, with one line on standard error.</returns>
    public static async Task<int> AskAsync(IConfiguration configuration, int defaultPort)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var port = int.TryParse(configuration["PORT"], NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given : defaultPort;
        // Whoever listens on every address listens on loopback, too.
        var host = configuration["BIND"] is { Length: > 0 } bind and not ("0.0.0.0" or "::" or "*") ? bind : "127.0.0.1";
        using var client = new HttpClient { Timeout = s_patience };
        string said;
        try
        {
            using var answer = await client.GetAsync($"http://{(host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host)}:{port}/health/ready");
            if (answer.StatusCode == HttpStatusCode.OK) return 0;
            said = await answer.Content.ReadAsStringAsync();
        }
        catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException)
        {
            said = fault.Message;
        }
#pragma warning disable RS0030 // This is a command of a few milliseconds, not the service: it has no log.
        await Console.Error.WriteLineAsync(said);
#pragma warning restore RS0030
        return 1;
    }
}
