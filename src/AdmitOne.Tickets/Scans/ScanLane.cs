using AdmitOne.Platform.Postgres;
using AdmitOne.Tickets.Devices;
using AdmitOne.Tickets.Lanes;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace AdmitOne.Tickets.Scans;

/// <summary>
/// A lane of scans. It locks the tickets of its batch by id, so that gates of other replicas wait for its commit, and then reads who is in:
/// whoever comes second reads the first one's admission. The primary key of <c>admissions</c> has the last word; a batch that it refuses is
/// split and read again.
/// </summary>
internal sealed class ScanLane(NpgsqlDataSource source, ScanMetrics metrics, SlowCommandMetrics slow, TimeProvider clock, ILogger logger) : Lane<ScanCommand>(source, slow, clock, logger)
{
    private protected override async Task<Func<Guid, Task>> BeginAsync(NpgsqlConnection connection, IReadOnlyList<ScanCommand> batch)
    {
        var view = await ReadAsync(connection, batch);
        return async batchId =>
        {
            var changes = new ScanChanges(view.Now);
            foreach (var command in batch) command.Decide(view, changes);
            await WriteAsync(connection, batchId, batch[0], view, changes);
        };
    }

    private protected override void Combined(int commands) => metrics.Combined(commands);

    // Each statement has a snapshot of its own: what follows the lock sees what its last holder committed.
    private static async Task<ScanView> ReadAsync(NpgsqlConnection connection, IReadOnlyList<ScanCommand> commands)
    {
        var (tenantId, eventId) = (commands[0].TenantId, commands[0].EventId);
        var tickets = commands.Select(c => c.Held.Code.Ticket.TicketId).Distinct().Order().ToArray();
        var devices = commands.Select(c => c.At.DeviceId).OfType<Guid>().Distinct().ToArray();
        await using var batch = new NpgsqlBatch(connection);
        batch.Begin(tenantId);
        batch.Add("""
            select t.id, t.event_id, t.status, t.owner_version, t.section_id, y.name, coalesce(t.attendee_name, u.name), coalesce(t.attendee_email, u.email)
              from tickets.tickets t
              join tickets.ticket_types y on y.tenant_id = t.tenant_id and y.id = t.ticket_type_id
              left join platform.users u on u.tenant_id = t.tenant_id and u.id = t.user_id
             where t.tenant_id = $1 and t.id = any ($2) order by t.id for no key update of t
            """, tenantId, tickets);
        batch.Add("select ticket_id, admitted_at, gate, inside, last_step from tickets.admissions where tenant_id = $1 and ticket_id = any ($2)", tenantId, tickets);
        batch.Add("""
            select status, re_entry, code_policy = 'rotating', check_in_from, check_in_until, sections::text from events.sale_window where tenant_id = $1 and event_id = $2
            """, tenantId, eventId);
        batch.Add("select clock_timestamp()");
        if (devices.Length > 0) batch.Add(AtTheDoor.Registered, tenantId, devices);

        await using var reader = await batch.ExecuteReaderAsync();
        var rows = await reader.NextListAsync(r => (Id: r.GetGuid(0), Scanned: new ScannedTicket(r.GetGuid(1), r.GetString(2), r.GetInt16(3), Inside: null), SectionId: r.GetGuid(4),
            Type: r.GetString(5), Holder: Initials.Of(r.IsDBNull(6) ? null : r.GetString(6), r.IsDBNull(7) ? null : r.GetString(7))), default);
        var admitted = (await reader.NextListAsync(r => (Id: r.GetGuid(0), First: new FirstAdmission(r.Instant(1), r.IsDBNull(2) ? null : r.GetString(2)),
            Inside: r.GetBoolean(3), LastStep: r.IsDBNull(4) ? (long?)null : r.GetInt64(4)), default)).ToDictionary(a => a.Id);
        var windows = await reader.NextListAsync(r => (Status: r.GetString(0), ReEntry: r.GetBoolean(1), Rotates: r.GetBoolean(2), From: r.Instant(3), Until: r.Instant(4), Sections: r.GetString(5)), default);
        var now = (await reader.NextListAsync(r => r.Instant(0), default))[0];
        var registered = devices.Length == 0 ? []
            : (await reader.NextListAsync(r => (Id: r.GetGuid(0), RevokedAt: r.IsDBNull(1) ? (DateTimeOffset?)null : r.Instant(1)), default)).ToDictionary(d => d.Id, d => d.RevokedAt);

        var view = new ScanView
        {
            Now = now,
            Door = windows is [var w] ? new DoorState(eventId, w.Status, w.ReEntry, w.Rotates, w.From, w.Until, now) : null,
            Sections = windows is [var named] ? named.Sections : "{}",
            Tickets = rows.ToDictionary(t => t.Id, t => admitted.TryGetValue(t.Id, out var a)
                ? new TicketAtDoor(t.Id, t.Scanned with { Inside = a.Inside, LastStep = a.LastStep }) { SectionId = t.SectionId, Type = t.Type, Holder = t.Holder, First = a.First }
                : new TicketAtDoor(t.Id, t.Scanned) { SectionId = t.SectionId, Type = t.Type, Holder = t.Holder }),
            Devices = registered,
        };
        return view;
    }

    private static async Task WriteAsync(NpgsqlConnection connection, Guid batchId, ScanCommand any, ScanView view, ScanChanges changes)
    {
        await using var batch = new NpgsqlBatch(connection);
        if (changes.Attempts is { Count: > 0 } attempts)
        {
            batch.Add("""
                insert into tickets.ticket_validations (tenant_id, id, ticket_id, event_id, direction, result, reason, gate, device_id, validated_by, scanned_at, received_at)
                select $1, a.id, a.ticket_id, $2, a.direction, a.result, a.reason, a.gate, a.device_id, a.validated_by, $3, $3
                  from unnest($4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[], $10::uuid[], $11::uuid[])
                       as a (id, ticket_id, direction, result, reason, gate, device_id, validated_by)
                """, any.TenantId, any.EventId, view.Now.UtcDateTime, attempts.Select(a => a.Id).ToArray(), attempts.Select(a => a.TicketId).ToArray(),
                attempts.Select(a => a.Direction).ToArray(), attempts.Select(a => a.Result).ToArray(), attempts.Select(a => a.Reason).ToArray(),
                attempts.Select(a => a.At.Gate).ToArray(), attempts.Select(a => a.At.DeviceId).ToArray(), attempts.Select(a => a.At.StaffId).ToArray());
        }
        var moved = view.Tickets.Values.Where(t => t.HasMoved).OrderBy(t => t.Id).ToList();
        if (moved.Where(t => t.AdmittedBy is not null).ToArray() is { Length: > 0 } admitted)
        {
            batch.Add("""
                insert into tickets.admissions (tenant_id, ticket_id, event_id, validation_id, admitted_at, gate, inside, last_step)
                select $1, a.ticket_id, $2, a.validation_id, $3, a.gate, a.inside, a.last_step
                  from unnest($4::uuid[], $5::uuid[], $6::text[], $7::boolean[], $8::bigint[]) as a (ticket_id, validation_id, gate, inside, last_step)
                """, any.TenantId, any.EventId, view.Now.UtcDateTime, admitted.Select(t => t.Id).ToArray(), admitted.Select(t => t.AdmittedBy!.Value).ToArray(),
                admitted.Select(t => t.First!.Gate).ToArray(), admitted.Select(t => t.Scanned.Inside == true).ToArray(), admitted.Select(t => t.Scanned.LastStep).ToArray());
        }
        if (moved.Where(t => t.AdmittedBy is null).ToArray() is { Length: > 0 } again)
        {
            batch.Add("""
                update tickets.admissions a set inside = m.inside, last_step = m.last_step
                  from unnest($2::uuid[], $3::boolean[], $4::bigint[]) as m (ticket_id, inside, last_step) where a.tenant_id = $1 and a.ticket_id = m.ticket_id
                """, any.TenantId, again.Select(t => t.Id).ToArray(), again.Select(t => t.Scanned.Inside == true).ToArray(), again.Select(t => t.Scanned.LastStep).ToArray());
        }
        batch.Prove(any.TenantId, batchId);
        batch.Add("commit");
        await batch.ExecuteNonQueryAsync();
    }
}
