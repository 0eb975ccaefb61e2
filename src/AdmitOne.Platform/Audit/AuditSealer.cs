using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Workers;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Platform.Audit;

/// <summary>
/// Seals the audit log into blocks, each second. Every replica of both services runs it and the database lets one work at a time. The newest
/// hash of each chain goes to the log each minute: who rewrites the chain from some row on cannot take back what left the machine.
/// </summary>
internal sealed partial class AuditSealer(Database database, TimeProvider clock, ILogger<AuditSealer> logger) : PeriodicWorker(TimeSpan.FromSeconds(1), clock, logger)
{
    private const int RowsInABlock = 1000;
    private static readonly TimeSpan s_logged = TimeSpan.FromMinutes(1);

    private readonly TimeProvider _clock = clock;
    private readonly Dictionary<Guid, SealedBlock> _newest = [];
    private long _lastLogged = clock.GetTimestamp();

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        LogNewest();
    }

    protected override async Task StepAsync(CancellationToken cancellationToken)
    {
        var blocks = await database.AskForAllTenantsAsync<SealedBlock>(
            "select sealed_tenant_id as tenant_id, sealed_block as block, sealed_hash as hash from platform.seal_audit(@RowsInABlock)", new { RowsInABlock }, cancellationToken);
        foreach (var block in blocks) _newest[block.TenantId] = block;
        if (_clock.GetElapsedTime(_lastLogged) >= s_logged) LogNewest();
    }

    private void LogNewest()
    {
        foreach (var block in _newest.Values)
        {
            var hash = Convert.ToHexStringLower(block.Hash);
            NewestHash(block.TenantId, block.Block, hash);
        }
        _newest.Clear();
        _lastLogged = _clock.GetTimestamp();
    }

    [LoggerMessage(EventId = 1501, Level = LogLevel.Information, Message = "The audit log of tenant {TenantId} is sealed to block {Block}: {Hash}")]
    private partial void NewestHash(Guid tenantId, long block, string hash);

    private sealed class SealedBlock
    {
        public Guid TenantId { get; init; }
        public long Block { get; init; }
        public byte[] Hash { get; init; } = [];
    }
}
