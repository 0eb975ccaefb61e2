using System.Data;
using System.Text.Json;
using AdmitOne.Contracts;
using AdmitOne.Events.Lifecycle;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Postgres;
using Dapper;

namespace AdmitOne.Events.Events;

/// <summary>How the other capabilities read events. What a transaction may see, its tenant and the catalogue's scope decide.</summary>
public static class EventRows
{
    static EventRows()
    {
        SqlMapper.AddTypeHandler(new ListColumn());
        SqlMapper.AddTypeHandler(new JsonColumn<Organizer>());
        SqlMapper.AddTypeHandler(new JsonColumn<EventVenue>());
        SqlMapper.AddTypeHandler(new JsonColumn<RefundPolicy>());
        SqlMapper.AddTypeHandler(new JsonColumn<TransferPolicy>());
    }

    /// <summary>An event of the transaction's tenant, in any state.</summary>
    public static Task<EventBody?> FindOwnAsync(TenantWork work, Guid tenantId, Guid id, CancellationToken cancellationToken) =>
        FindAsync(work, "e.tenant_id = @tenantId and e.id = @id", new { tenantId, id }, cancellationToken);

    public static Task<EventBody?> FindAsync(TenantWork work, string where, object parameters, CancellationToken cancellationToken) =>
        work.FindAsync<EventBody>(Select("events.events e", where, "id", 1), parameters, cancellationToken);

    /// <summary>Up to <paramref name="limit"/> events, each with its organiser.</summary>
    /// <param name="from"><c>events.events e</c>, with what it is joined to; a column <c>rank</c> of that may be ordered by.</param>
    /// <param name="where">Conditions of constant text; values come as parameters.</param>
    public static Task<IReadOnlyList<EventBody>> ListAsync(
        TenantWork work, string from, string where, string order, int limit, object parameters, CancellationToken cancellationToken) =>
        work.QueryAsync<EventBody>(Select(from, where, order, limit), parameters, cancellationToken);

    /// <summary>Locks an event of the tenant until the transaction ends; ticket types may still be added (their foreign key passes).</summary>
    /// <param name="wait">False: an event that somebody else has locked is not there.</param>
    /// <returns>False if there is none.</returns>
    public static async Task<bool> LockOwnAsync(TenantWork work, Guid tenantId, Guid id, CancellationToken cancellationToken, bool wait = true) =>
        await work.FindAsync<int>($"select 1 from events.events where tenant_id = @tenantId and id = @id and deleted_at is null for no key update {(wait ? "" : "skip locked")}",
            new { tenantId, id }, cancellationToken) == 1;

    /// <summary>
    /// Locks an event for a change of what belongs to it: its sections, whose sum is a rule over all of them, or its schedule, which keeps within
    /// its bounds. What decides is read in a statement of its own, which sees what the last holder of the lock committed.
    /// </summary>
    /// <returns>Null if there is none.</returns>
    public static async Task<LockedEvent?> LockPartsAsync(TenantWork work, Guid tenantId, Guid id, CancellationToken cancellationToken) =>
        await LockOwnAsync(work, tenantId, id, cancellationToken)
            ? await work.FindAsync<LockedEvent>("select status, venue_max_capacity from events.events where tenant_id = @tenantId and id = @id", new { tenantId, id }, cancellationToken)
            : null;

    // Names come after the limit, so that they are looked up for the page and not for all that match.
    private static string Select(string from, string where, string order, int limit) => $"""
        select page.tenant_id, page.id, jsonb_build_object('slug', o.slug, 'name', o.name) as organizer, page.slug, page.name, description, category_slug, tags,
               venue_id, jsonb_build_object('id', venue_id, 'name', venue_name, 'address', venue_address) as venue,
               time_zone, doors_at, starts_at, ends_at, sales_start_at, sales_end_at, check_in_from, check_in_until, visibility, age_restriction, image_url,
               jsonb_build_object('untilHoursBefore', refund_until_hours_before, 'feePercent', refund_fee_percent) as refund_policy,
               jsonb_build_object('allowed', transfer_allowed, 'untilHoursBefore', transfer_until_hours_before) as transfer_policy,
               refund_window_until, code_policy, replace(buyer_policy, '_', '') as buyer_policy, re_entry, replace(status, '_', '') as status, version, created_at, updated_at{(from.Contains("rank", StringComparison.Ordinal) ? ", rank" : "")}
          from (select * from {from} where e.deleted_at is null and ({where}) order by {order} limit {limit}) page
         cross join lateral platform.organizers(array[page.tenant_id], null) o
         order by {order}
        """;

    private sealed class ListColumn : SqlMapper.TypeHandler<IReadOnlyList<string>>
    {
        public override IReadOnlyList<string>? Parse(object value) => (string[])value;

        public override void SetValue(IDbDataParameter parameter, IReadOnlyList<string>? value) => parameter.Value = value;
    }

    private sealed class JsonColumn<T> : SqlMapper.TypeHandler<T> where T : class
    {
        public override T? Parse(object value) => JsonSerializer.Deserialize<T>((string)value, Json.Answers);

        public override void SetValue(IDbDataParameter parameter, T? value) => throw new NotSupportedException("It is read, and written by its columns.");
    }
}

/// <summary>What decides whether an event's parts may change.</summary>
public sealed record LockedEvent(string Status, int VenueMaxCapacity)
{
    public bool IsOver => Transitions.IsFinal(EventStatuses.Read(Status));
}
