using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Redis;
using AdmitOne.Platform.Workers;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Platform.Health;

/// <summary>Asks the service's own stores whether they are there, so that the metrics say so in the quietest night. Each replica asks for itself.</summary>
internal sealed class StoreWatch(Database database, DatabaseMetrics databaseMetrics, RedisStore redis, RedisMetrics redisMetrics, TimeProvider clock, ILogger<StoreWatch> logger)
    : PeriodicWorker(TimeSpan.FromSeconds(5), clock, logger)
{
    private static readonly TimeSpan s_quick = TimeSpan.FromSeconds(1);
    private readonly TimeProvider _clock = clock;

    protected override async Task StepAsync(CancellationToken cancellationToken)
    {
        redisMetrics.Up(await redis.PingAsync());
        try
        {
            var (asked, began) = (_clock.GetUtcNow(), _clock.GetTimestamp());
            var now = await database.AskForAllTenantsAsync<DateTimeOffset>("select clock_timestamp()", null, cancellationToken);
            databaseMetrics.Up(true);
            // It read its clock at some time between question and answer: one that took long says nothing about clocks.
            if (_clock.GetElapsedTime(began) is var took && took < s_quick) databaseMetrics.ClockIsAhead(asked + (took / 2) - now[0]);
        }
        catch (Exception fault) when (DatabaseFaults.IsUnavailable(fault))
        {
            databaseMetrics.Up(false);
        }
    }
}
