using System.Globalization;
using AdmitOne.Platform.Postgres;
using AdmitOne.Tickets.Codes;

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

/// <summary>The records of a pack, a page of tickets at a time, in the order of their ids. Each page is read by itself: what changes meanwhile is in the next delta.</summary>
internal sealed class DoorPackRecords(TenantLook look, DoorPackEvent packed, CodeSeal seal)
{
    public const int TicketsAtOnce = 5_000;

    private readonly Dictionary<Guid, ushort> _types = Places(packed.Types);
    private readonly Dictionary<Guid, ushort> _sections = Places(packed.Sections);
    private readonly Guid[] _typeIds = [.. packed.Types.Select(t => t.Id)];

    /// <param name="now">How far the pack goes.</param>
    /// <param name="since">Null: every ticket; otherwise those that were written by this transaction or a later one.</param>
    /// <param name="after">The last ticket of the page before.</param>
    /// <returns>Tickets that have not changed are among them, so that the last one says where to go on.</returns>
    public Task<IReadOnlyList<PackRow>> ReadPageAsync(DoorPackCursor now, long? since, Guid after, CancellationToken cancellationToken)
    {
        // A row says in 32 bits who wrote it; around the present that is one transaction alone. An age that is wrong says "new", which is harmless.
        const string WrittenBy = "(@base - ((@base - {0}) & 4294967295))";
        var changed = since is null ? "true" : string.Create(CultureInfo.InvariantCulture,
            $"({string.Format(CultureInfo.InvariantCulture, WrittenBy, "t.writer")} >= @since or {string.Format(CultureInfo.InvariantCulture, WrittenBy, "a.xmin::text::bigint")} >= @since)");
        return look.QueryAsync<PackRow>($"""
            select t.id, t.owner_version, t.status, t.ticket_type_id, t.section_id, coalesce(t.attendee_name, u.name) as name, coalesce(t.attendee_email, u.email) as email, a.inside, coalesce({changed}, false) as has_changed
              from (select t.tenant_id, t.id, t.owner_version, t.status, t.ticket_type_id, t.section_id, t.user_id, t.attendee_name, t.attendee_email, t.xmin::text::bigint as writer from tickets.tickets t
                     where t.tenant_id = @TenantId and t.event_id = @EventId and t.ticket_type_id = any (@_typeIds) and t.id > @after order by t.id limit {TicketsAtOnce}) t
              left join tickets.admissions a on a.tenant_id = t.tenant_id and a.ticket_id = t.id
              left join platform.users u on u.tenant_id = t.tenant_id and u.id = t.user_id
             order by t.id
            """, new { look.TenantId, packed.EventId, _typeIds, after, @base = now.Xmin + (1L << 31), since }, cancellationToken);
    }

    public List<byte[]> Seal(IReadOnlyList<PackRow> page)
    {
        var records = new List<byte[]>(page.Count);
        foreach (var row in page.Where(row => row.HasChanged))
        {
            var ticket = new PackedTicket(_types[row.TicketTypeId], _sections.GetValueOrDefault(row.SectionId, ushort.MaxValue), Initials.Of(row.Name, row.Email) ?? "",
                Enum.Parse<PackedState>(row.Status, ignoreCase: true), row.Inside, Secret: null);
            Add(records, row.Id, row.OwnerVersion, ticket);
        }
        return records;
    }

    // One record for each key that codes may be sealed with, and one for each earlier owner, whose code a scanner would else still let in.
    private void Add(List<byte[]> records, Guid id, short ownerVersion, PackedTicket ticket)
    {
        for (short version = 1; version <= ownerVersion; version++)
        {
            var now = version == ownerVersion;
            foreach (var carrier in seal.SealWithEachKey(look.TenantId, new SealedTicket(id, version, Flags: 0)))
            {
                var secret = !packed.Rotates ? null : now ? seal.RotationSecret(look.TenantId, carrier) : new byte[32];
                records.Add(PackRecord.Seal(carrier, now ? ticket with { Secret = secret } : new PackedTicket(ticket.Type, ticket.Section, "", PackedState.Transferred, Inside: null, secret)));
            }
        }
    }

    private static Dictionary<Guid, ushort> Places(IReadOnlyList<(Guid Id, string Name)> named) => named.Select((one, n) => (one.Id, n)).ToDictionary(p => p.Id, p => (ushort)p.n);
}

/// <summary>A ticket as a pack's page reads it.</summary>
internal sealed class PackRow
{
    public Guid Id { get; init; }
    public short OwnerVersion { get; init; }
    public string Status { get; init; } = "";
    public Guid TicketTypeId { get; init; }
    public Guid SectionId { get; init; }
    public string? Name { get; init; }
    public string? Email { get; init; }
    public bool? Inside { get; init; }
    public bool HasChanged { get; init; }
}
