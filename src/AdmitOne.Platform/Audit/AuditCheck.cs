using System.Security.Cryptography;
using System.Text;
using Dapper;
using Npgsql;

namespace AdmitOne.Platform.Audit;

/// <summary>One thing that is wrong with an audit log.</summary>
/// <param name="Kind"><c>changed</c>, <c>removed</c> or <c>inserted</c> of a row; <c>broken</c> of a block; <c>rewritten</c> of a chain that does not have a hash that left the machine.</param>
/// <param name="Id">The row's; of a block, none.</param>
public sealed record AuditFault(string Kind, Guid? Id, string Detail);

public sealed record AuditReport(long Rows, long Blocks, IReadOnlyList<AuditFault> Faults);

/// <summary>A hash that was logged: block <paramref name="Block"/> of the tenant had it.</summary>
/// <param name="Hash">64 lower-case hex digits.</param>
public sealed record AuditAnchor(Guid TenantId, long Block, string Hash);

/// <summary>
/// Computes a tenant's chain again from its rows, outside the database and in one snapshot, and names what does not fit. Nothing is written:
/// it runs as <c>admitone_audit</c>.
/// </summary>
public static class AuditCheck
{
    // No transaction of ours may last so long: a row that is older than its block's predecessor by more was put there.
    private static readonly TimeSpan s_latest = TimeSpan.FromMinutes(5);

    public static async Task<AuditReport> RunAsync(NpgsqlDataSource source, Guid tenantId, IReadOnlyList<AuditAnchor> anchors, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellationToken);
        var blocks = (await connection.QueryAsync<Block>(new CommandDefinition(
            "select block as \"Number\", rows as \"Rows\", hash as \"Hash\", sealed_at as \"SealedAt\" from platform.audit_blocks where tenant_id = @tenantId order by block", new { tenantId }, transaction, cancellationToken: cancellationToken))).AsList();

        var walk = new Walk(blocks);
        await using (var command = new NpgsqlCommand(Rows, connection, transaction) { Parameters = { new() { Value = tenantId } }, CommandTimeout = 0 })
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                walk.Take(new Entry(reader.GetGuid(0), reader.IsDBNull(1) ? null : reader.GetInt64(1), reader.IsDBNull(2) ? 0 : reader.GetInt32(2),
                    reader.IsDBNull(3) ? [] : reader.GetFieldValue<byte[]>(3), reader.IsDBNull(4) ? null : reader.GetString(4),
                    reader.IsDBNull(5) ? default : reader.GetDateTime(5), reader.GetBoolean(6)));
            }
        }
        walk.End();
        walk.Compare(anchors.Where(anchor => anchor.TenantId == tenantId));
        return new AuditReport(walk.Rows, blocks.Count, walk.Faults);
    }

    // The canonical form of a row is the same as that of platform.seal_audit: its values as one JSON array, as jsonb writes it.
    private const string Rows = """
        select coalesce(s.audit_id, a.id), s.block, s.position, s.hash,
               case when a.id is not null then jsonb_build_array(
                   a.tenant_id, a.id, (extract(epoch from a.occurred_at) * 1000000)::bigint, a.service, a.actor_kind, a.actor_id, a.actor_name,
                   a.client_address, a.request_id, a.action, a.resource_type, a.resource_id, a.before, a.after)::text end,
               a.occurred_at, w.audit_id is not null
          from (select * from platform.audit_seals where tenant_id = $1) s
          full join (select * from platform.audit_log where tenant_id = $1) a on a.id = s.audit_id
          left join platform.audit_waiting w on w.tenant_id = $1 and w.audit_id = coalesce(s.audit_id, a.id)
         order by s.block nulls last, s.position
        """;

    private sealed record Entry(Guid Id, long? Block, int Position, byte[] Seal, string? Canonical, DateTime OccurredAt, bool Waits);

    private sealed class Block
    {
        public long Number { get; init; }
        public int Rows { get; init; }
        public byte[] Hash { get; init; } = [];
        public DateTime SealedAt { get; init; }
    }

    private sealed class Walk(List<Block> blocks)
    {
        private readonly Dictionary<long, Block> _blocks = blocks.ToDictionary(block => block.Number);
        private readonly List<byte> _hashes = [];
        private long _current;
        private int _lastPosition;

        public List<AuditFault> Faults { get; } = [];

        public long Rows { get; private set; }

        public void Take(Entry entry)
        {
            Rows++;
            if (entry.Block is not { } block)
            {
                if (!entry.Waits) Faults.Add(new AuditFault("inserted", entry.Id, $"It says {entry.OccurredAt:u} and was never sealed."));
                return;
            }
            while (_current < block) CloseAndGoOn();
            if (entry.Position != _lastPosition + 1) Faults.Add(new AuditFault("broken", null, $"Block {block} lacks what was sealed between its rows {_lastPosition} and {entry.Position}."));
            _lastPosition = entry.Position;
            _hashes.AddRange(entry.Seal);
            if (entry.Canonical is null)
                Faults.Add(new AuditFault("removed", entry.Id, $"It was row {entry.Position} of block {block}."));
            else if (!SHA256.HashData(Encoding.UTF8.GetBytes(entry.Canonical)).AsSpan().SequenceEqual(entry.Seal))
                Faults.Add(new AuditFault("changed", entry.Id, $"It does not say what was sealed as row {entry.Position} of block {block}."));
            else if (_blocks.TryGetValue(block - 1, out var before) && entry.OccurredAt < before.SealedAt - s_latest)
                Faults.Add(new AuditFault("inserted", entry.Id, $"It says {entry.OccurredAt:u} and was sealed in block {block}, after {before.SealedAt:u}."));
        }

        public void End()
        {
            var last = blocks.Count == 0 ? 0 : blocks[^1].Number;
            while (_current <= last) CloseAndGoOn();
        }

        public void Compare(IEnumerable<AuditAnchor> anchors)
        {
            foreach (var anchor in anchors)
            {
                if (!_blocks.TryGetValue(anchor.Block, out var block) || Convert.ToHexStringLower(block.Hash) != anchor.Hash)
                    Faults.Add(new AuditFault("rewritten", null, $"Block {anchor.Block} had the hash {anchor.Hash}; it {(block is null ? "is gone" : $"has {Convert.ToHexStringLower(block.Hash)}")}."));
            }
        }

        private void CloseAndGoOn()
        {
            if (_current > 0)
            {
                if (!_blocks.TryGetValue(_current, out var block))
                {
                    Faults.Add(new AuditFault("broken", null, $"Block {_current} is gone."));
                }
                else
                {
                    byte[] previous = _blocks.TryGetValue(_current - 1, out var before) ? before.Hash : [];
                    if (!SHA256.HashData([.. previous, .. _hashes]).AsSpan().SequenceEqual(block.Hash))
                        Faults.Add(new AuditFault("broken", null, $"Block {_current} does not have the hash of its {_hashes.Count / SHA256.HashSizeInBytes} rows and of the block before; it was sealed with {block.Rows}."));
                }
            }
            _current++;
            _lastPosition = 0;
            _hashes.Clear();
        }
    }
}
