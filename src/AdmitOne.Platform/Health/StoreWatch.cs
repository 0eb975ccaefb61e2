using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Redis;
using AdmitOne.Platform.Workers;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Platform.Health;

/// <summary>Asks the service's own stores whether they are there, so that the metrics say so in the quietest night. Each replica asks for itself.</summary>
internal sealed class StoreWatch(Database database, DatabaseMetrics databaseMetrics, RedisStore redis, RedisMetrics redisMetrics, TimeProvider clock, ILogger<StoreWatch> logger)
    : PeriodicWorker(TimeSpan.FromSeconds(5), clock, logger)
{
    protected override async Task StepAsync(CancellationToken cancellationToken)
    {
        redisMetrics.Up(await redis.PingAsync());
        try
        {
            await database.AskForAllTenantsAsync<int>("select 1", null, cancellationToken);
            databaseMetrics.Up(true);
        }
        catch (Exception fault) when (DatabaseFaults.IsUnavailable(fault))
        {
            databaseMetrics.Up(false);
        }
    }
}
