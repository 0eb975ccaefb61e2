using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Workers;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Tickets.Lanes;

/// <summary>Forgets the rows of batches whose answer nobody can be looking for any more. Every replica sweeps; what another one is at is waited for, and then gone.</summary>
internal sealed class LaneBatchSweeper(Database database, TimeProvider clock, ILogger<LaneBatchSweeper> logger) : PeriodicWorker(TimeSpan.FromMinutes(1), clock, logger)
{
    private const int RowsAtOnce = 5000;

    protected override async Task StepAsync(CancellationToken cancellationToken)
    {
        int gone;
        do gone = (await database.AskForAllTenantsAsync<int>("select tickets.sweep_lane_batches(@RowsAtOnce)", new { RowsAtOnce }, cancellationToken))[0];
        while (gone == RowsAtOnce);
    }
}
