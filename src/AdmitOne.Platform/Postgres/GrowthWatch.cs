using AdmitOne.Platform.Workers;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Platform.Postgres;

/// <summary>
/// Has PostgreSQL count tables that have doubled. It looks for them itself once a minute, on most servers, and an installation's first sale fills empty ones in
/// seconds: until then every plan is a guess, and reads all of an organiser (ADR 54). What is counted is planned anew on every connection.
/// </summary>
internal sealed class GrowthWatch(Database database, TimeProvider clock, ILogger<GrowthWatch> logger) : PeriodicWorker(TimeSpan.FromSeconds(1), clock, logger)
{
    protected override Task StepAsync(CancellationToken cancellationToken) =>
        database.AskForAllTenantsAsync<int>("select platform.count_growing_tables()", null, cancellationToken);
}
