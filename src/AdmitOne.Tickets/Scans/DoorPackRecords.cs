using System.Globalization;
using System.Runtime.CompilerServices;
using AdmitOne.Platform.Postgres;
using AdmitOne.Tickets.Codes;
using Npgsql;

namespace AdmitOne.Tickets.Scans;

/// <summary>An event as its pack says it.</summary>
internal sealed class DoorPackEvent
{
    public Guid EventId { get; init; }
    public string Status { get; init; } = "";
    public string CodePolicy { get; init; } = "";
    public bool ReEntry { get; init; }
    public DateTimeOffset CheckInFrom { get; init; }
    public DateTimeOffset CheckInUntil { get; init; }
    public string SectionsJson { get; init; } = "{}";
    public DateTimeOffset Now { get; init; }

    public IReadOnlyList<(Guid Id, string Name)> Types { get; private set; } = [];

    public IReadOnlyList<(Guid Id, string Name)> Sections { get; private set; } = [];

    public bool Rotates => CodePolicy == "rotating";

    public static async Task<DoorPackEvent?> FindAsync(TenantWork work, Guid eventId, CancellationToken cancellationToken)
    {
        var found = await work.FindAsync<DoorPackEvent>("""
            select event_id, status, code_policy, re_entry, check_in_from, check_in_until, sections::text as sections_json, clock_timestamp() as now
              from events.sale_window where event_id = @eventId
            """, new { eventId }, cancellationToken);
        if (found is null) return null;
        // In the order of their ids, which are made in time's order: one that is added comes last.
        found.Types = [.. (await work.QueryAsync<(Guid, string)>("select id, name from tickets.ticket_types where event_id = @eventId order by id", new { eventId }, cancellationToken))];
        found.Sections = [.. ScanView.ReadSections(found.SectionsJson).Select(s => (s.Key, s.Value)).OrderBy(s => s.Key)];
        return found;
    }

    public string Layout(IReadOnlyList<byte> keyIds) => DoorPackCursor.LayoutOf(
        [$"{EventId}", CodePolicy, string.Join(',', keyIds), .. Types.Select(t => $"type {t.Id}"), .. Sections.Select(s => $"section {s.Id}")]);
}

/// <summary>The records of a pack, a few thousand tickets at a time.</summary>
internal sealed class DoorPackRecords(TenantWork work, DoorPackEvent packed, CodeSeal seal, Guid tenantId)
{
    private readonly Dictionary<Guid, ushort> _types = Places(packed.Types);
    private readonly Dictionary<Guid, ushort> _sections = Places(packed.Sections);

    /// <param name="since">Null: of every ticket.</param>
    public async IAsyncEnumerable<IReadOnlyList<byte[]>> ReadAsync(DoorPackCursor now, long? since, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // A row says in 32 bits who wrote it; around the present that is one transaction alone. An age that is wrong says "new", which is harmless.
        const string WrittenBy = "(@base - ((@base - {0}.xmin::text::bigint) & 4294967295))";
        var changed = since is null ? "" : string.Create(CultureInfo.InvariantCulture,
            $" and ({string.Format(CultureInfo.InvariantCulture, WrittenBy, "t")} >= @since or {string.Format(CultureInfo.InvariantCulture, WrittenBy, "a")} >= @since)");
        await work.ExecuteAsync($"""
            declare pack no scroll cursor for
            select t.id, t.owner_version, t.status, t.ticket_type_id, t.section_id, u.name, u.email, a.inside
              from tickets.tickets t
              left join platform.users u on u.tenant_id = t.tenant_id and u.id = t.user_id
              left join tickets.admissions a on a.tenant_id = t.tenant_id and a.ticket_id = t.id
             where t.tenant_id = @tenantId and t.event_id = @EventId and t.ticket_type_id = any (@types){changed}
            """, new { tenantId, packed.EventId, types = packed.Types.Select(t => t.Id).ToArray(), @base = now.Xmin + (1L << 31), since }, cancellationToken);
        await using var fetch = new NpgsqlCommand($"fetch {GiveDoorPack.RowsAtOnce} from pack", work.Connection, work.Transaction);
        while (true)
        {
            var batch = new List<byte[]>(GiveDoorPack.RowsAtOnce);
            var rows = 0;
            await using (var reader = await fetch.ExecuteReaderAsync(cancellationToken))
            {
                for (; await reader.ReadAsync(cancellationToken); rows++)
                {
                    var initials = Initials.Of(reader.IsDBNull(5) ? null : reader.GetString(5), reader.IsDBNull(6) ? null : reader.GetString(6));
                    var ticket = new PackedTicket(_types[reader.GetGuid(3)], _sections.GetValueOrDefault(reader.GetGuid(4), ushort.MaxValue), initials ?? "",
                        Enum.Parse<PackedState>(reader.GetString(2), ignoreCase: true), reader.IsDBNull(7) ? null : reader.GetBoolean(7), Secret: null);
                    Add(batch, reader.GetGuid(0), reader.GetInt16(1), ticket);
                }
            }
            if (batch.Count > 0) yield return batch;
            if (rows < GiveDoorPack.RowsAtOnce) yield break;
        }
    }

    // One record for each key that codes may be sealed with, and one for each earlier owner, whose code a scanner would else still let in.
    private void Add(List<byte[]> batch, Guid id, short ownerVersion, PackedTicket ticket)
    {
        for (short version = 1; version <= ownerVersion; version++)
        {
            var now = version == ownerVersion;
            foreach (var carrier in seal.SealWithEachKey(tenantId, new SealedTicket(id, version, Flags: 0)))
            {
                var secret = !packed.Rotates ? null : now ? seal.RotationSecret(tenantId, carrier) : new byte[32];
                batch.Add(PackRecord.Seal(carrier, now ? ticket with { Secret = secret } : new PackedTicket(ticket.Type, ticket.Section, "", PackedState.Transferred, Inside: null, secret)));
            }
        }
    }

    private static Dictionary<Guid, ushort> Places(IReadOnlyList<(Guid Id, string Name)> named) => named.Select((one, n) => (one.Id, n)).ToDictionary(p => p.Id, p => (ushort)p.n);
}
