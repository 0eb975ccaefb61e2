using AdmitOne.Platform.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.Platform.Retention;

public static class RetentionSetup
{
    /// <summary>Has one more kind of old rows removed.</summary>
    public static IServiceCollection AddSweep(this IServiceCollection services, Sweep sweep) => services.AddSingleton(sweep);

    internal static IServiceCollection AddRetention(this IServiceCollection services) => services
        .AddCheckedOptions<RetentionOptions, RetentionOptionsAnnotations>()
        .AddSingleton<RetentionMetrics>()
        .AddSweep(new Sweep("messages", "platform.sweep_messages", kept => kept.MessagesDays))
        .AddSweep(new Sweep("receipts", "platform.sweep_receipts", kept => kept.WebhooksDays))
        .AddHostedService<RetentionWorker>();
}
