using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Workers;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Platform.Idempotency;

/// <summary>Forgets answers after a day. Every replica of both services sweeps; what another one is at is waited for, and then gone.</summary>
internal sealed partial class KeptAnswerSweeper(Database database, TimeProvider clock, ILogger<KeptAnswerSweeper> logger) : PeriodicWorker(TimeSpan.FromMinutes(5), clock, logger)
{
    private const int Batch = 5000;
    private static readonly TimeSpan s_kept = TimeSpan.FromHours(24);

    protected override async Task StepAsync(CancellationToken cancellationToken)
    {
        int gone;
        do
        {
            gone = (await database.SweepForAllTenantsAsync<int>("select platform.sweep_idempotency_keys(@s_kept, @Batch)", new { s_kept, Batch }, cancellationToken))[0];
            if (gone > 0) Swept(gone);
        }
        while (gone == Batch);
    }

    [LoggerMessage(EventId = 1451, Level = LogLevel.Information, Message = "Forgot {Count} answers that were kept for a day")]
    private partial void Swept(int count);
}
