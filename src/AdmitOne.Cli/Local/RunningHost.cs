using AdmitOne.Platform.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AdmitOne.Cli.Local;

/// <summary>A host in this process, with a configuration of its own.</summary>
internal sealed class RunningHost : IAsyncDisposable
{
    // A little more than the 25 s that a service gives to what is in flight.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private RunningHost(WebApplication application) => Application = application;

    public WebApplication Application { get; }

    /// <exception cref="CannotRunException">Its settings are refused, or its port was taken in the last moment.</exception>
    public static async Task<RunningHost> StartAsync(
        string name, IReadOnlyDictionary<string, string> settings, Func<IConfiguration, WebApplication> build, CancellationToken cancellationToken)
    {
        WebApplication? application = null;
        try
        {
            application = build(new ConfigurationBuilder().AddInMemoryCollection(settings!).Build());
            await application.StartAsync(cancellationToken);
            return new RunningHost(application);
        }
        catch (Exception fault)
        {
            if (application is not null)
            {
                await application.DisposeAsync();
            }

            if (ServiceHost.StartFaults(fault).Distinct().ToList() is { Count: > 0 } lines)
            {
                throw new CannotRunException($"{name}: {string.Join("; ", lines)}", fault);
            }

            throw;
        }
    }

    /// <summary>Puts a host together as for a start, and does not start it.</summary>
    /// <exception cref="CannotRunException">Its settings are refused.</exception>
    public static void Check(string name, IReadOnlyDictionary<string, string> settings, Func<IConfiguration, WebApplication> build)
    {
        var quiet = new Dictionary<string, string>(settings) { ["LOG_FILE"] = "/dev/null", ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "" };
        try
        {
            ((IDisposable)build(new ConfigurationBuilder().AddInMemoryCollection(quiet!).Build())).Dispose();
        }
        catch (Exception fault) when (ServiceHost.StartFaults(fault).Distinct().ToList() is { Count: > 0 } lines)
        {
            throw new CannotRunException($"{name}: {string.Join("; ", lines)}", fault);
        }
    }

    /// <summary>Leaves the signals of this process to `up`, which knows in which order to stop.</summary>
    public static void Embed(WebApplicationBuilder builder) => builder.Services.AddSingleton<IHostLifetime, Embedded>();

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(s_patience);
        await Application.StopAsync(limit.Token);
        await Application.DisposeAsync();
    }

    private sealed class Embedded : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
