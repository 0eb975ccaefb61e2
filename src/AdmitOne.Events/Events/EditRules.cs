using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using AdmitOne.Events.Lifecycle;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Problems;

namespace AdmitOne.Events.Events;

/// <summary>What of an event may be changed when. docs/events.md has it as a table.</summary>
internal static class EditRules
{
    private static readonly string[] s_freeOfSales = ["name", "description", "categorySlug", "tags", "imageUrl"];

    private static readonly string[] s_alwaysThere =
        ["name", "slug", "venueId", "startsAt", "endsAt", "timeZone", "visibility", "refundPolicy", "transferPolicy", "codePolicy", "reEntry", "buyerPolicy"];

    private static readonly string[] s_fixedOnceStarted = ["venueId", "timeZone", "startsAt", "doorsAt"];

    /// <summary>Whether the edit may narrow or move sales, so that the event's gate is entered first.</summary>
    public static bool TouchSales(JsonObject patch) => patch.Any(member => !s_freeOfSales.Contains(member.Key));

    public static Refusal? RefuseRemovals(JsonObject patch)
    {
        var broken = patch.Where(member => member.Value is null && s_alwaysThere.Contains(member.Key))
            .Select(member => new ValidationError($"/{member.Key}", "It cannot be removed, only changed.")).ToImmutableArray();
        return broken.IsEmpty ? null : PlatformProblems.ValidationFailed.With(string.Join(" ", broken.Select(e => $"{e.Pointer}: {e.Message}"))) with { Errors = broken };
    }

    /// <summary>
    /// Fills in what the edit leaves open: times that are what they are by default follow the start or the end, doors and check-in that were
    /// chosen move with the start by wall time. The end and the sale window stay, unless they are named.
    /// </summary>
    public static NewEvent Follow(EventBody before, NewEvent merged, JsonObject patch, DateTimeOffset now)
    {
        var move = new WallMove(before.TimeZone, before.StartsAt, merged.TimeZone, merged.StartsAt);
        var was = EventTimes.Of(new NewEvent { Name = "", VenueId = default, TimeZone = "", StartsAt = before.StartsAt, EndsAt = before.EndsAt, DoorsAt = before.DoorsAt }, now);
        var doorsAt = patch.ContainsKey("doorsAt") ? merged.DoorsAt : before.DoorsAt == before.StartsAt ? null : move.Of(before.DoorsAt);
        var times = EventTimes.Of(merged with
        {
            DoorsAt = doorsAt,
            SalesEndAt = patch.ContainsKey("salesEndAt") || before.SalesEndAt != before.StartsAt ? merged.SalesEndAt : null,
            CheckInFrom = patch.ContainsKey("checkInFrom") ? merged.CheckInFrom : before.CheckInFrom == was.CheckInFrom ? null : move.Of(before.CheckInFrom),
            CheckInUntil = patch.ContainsKey("checkInUntil") ? merged.CheckInUntil : before.CheckInUntil == before.EndsAt ? null : move.Of(before.CheckInUntil),
        }, now);
        return merged with
        {
            Description = merged.Description ?? "",
            Tags = merged.Tags ?? [],
            DoorsAt = times.DoorsAt,
            SalesStartAt = times.SalesStartAt,
            SalesEndAt = times.SalesEndAt,
            CheckInFrom = times.CheckInFrom,
            CheckInUntil = times.CheckInUntil,
        };
    }

    /// <returns>The names of the properties that differ, as in JSON.</returns>
    public static IReadOnlyList<string> Changed(EventBody before, NewEvent after)
    {
        var was = JsonSerializer.SerializeToNode(before, Json.Answers)!.AsObject();
        return [.. JsonSerializer.SerializeToNode(after, Json.Answers)!.AsObject().Where(member => !JsonNode.DeepEquals(member.Value, was[member.Key])).Select(member => member.Key)];
    }

    public static Refusal? Refuse(EventBody before, NewEvent after, IReadOnlyList<string> changed, EventSales sales)
    {
        if (Transitions.IsFinal(before.Status)) return Stays($"The event is {before.Status.Word()}: it stays as it is.", changed);
        if (before.EndsAt <= sales.Now && before.Status is EventStatus.OnSale or EventStatus.SalesPaused or EventStatus.SoldOut or EventStatus.InProgress)
            return Stays("The event is over: it stays as it is.", changed);
        if (before.Status is EventStatus.InProgress && changed.Intersect(s_fixedOnceStarted).ToArray() is { Length: > 0 } started)
            return Stays($"The event has begun: {string.Join(", ", started)} stay as they are.", started);
        if (sales.HaveBegun && Broken(before, after, changed).ToArray() is { Length: > 0 } sold)
            return Stays($"Tickets are held or sold, and their buyers were promised otherwise: {string.Join(", ", sold)} cannot be changed like that.", sold);
        return changed.Contains("startsAt") && after.StartsAt <= sales.Now && before.Status is not (EventStatus.Draft or EventStatus.Review or EventStatus.Approved)
            ? PlatformProblems.Invalid("/startsAt", "Must lie in the future, as the event is published.")
            : null;
    }

    // What a buyer has relied on may become better for them, never worse.
    private static IEnumerable<string> Broken(EventBody before, NewEvent after, IReadOnlyList<string> changed) => changed.Where(property => property switch
    {
        "timeZone" or "codePolicy" or "slug" => true,
        "visibility" => after.Visibility == "private",
        "ageRestriction" => (after.AgeRestriction ?? 0) > (before.AgeRestriction ?? 0),
        "reEntry" => before.ReEntry,
        "refundPolicy" => after.RefundPolicy is { } refunds
            && (refunds.UntilHoursBefore > before.RefundPolicy.UntilHoursBefore || refunds.FeePercent > before.RefundPolicy.FeePercent),
        "transferPolicy" => after.TransferPolicy is { } transfers && before.TransferPolicy.Allowed
            && (!transfers.Allowed || transfers.UntilHoursBefore > before.TransferPolicy.UntilHoursBefore),
        _ => false,
    });

    private static Refusal Stays(string why, IReadOnlyList<string> properties) => EventProblems.EditNotAllowed.With(why).And("properties", properties);
}
