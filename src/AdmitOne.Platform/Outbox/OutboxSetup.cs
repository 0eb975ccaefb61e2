using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.Platform.Outbox;

internal static class OutboxSetup
{
    public static IServiceCollection AddOutbox(this IServiceCollection services) =>
        services.AddSingleton<OutboxMetrics>().AddHostedService<SequencerWorker>();
}
