using System.Collections.Immutable;
using AdmitOne.Platform.Problems;

namespace AdmitOne.Events.Events;

/// <summary>All the times of an event, with the defaults filled in, in UTC.</summary>
internal sealed record EventTimes
{
    /// <summary>How long before the start the doors may open. More is taken for a wrong date.</summary>
    public const int MaxDaysFromDoorsToStart = 7;

    private static readonly TimeSpan s_checkInBeforeDoors = TimeSpan.FromHours(4);

    public required DateTimeOffset DoorsAt { get; init; }
    public required DateTimeOffset StartsAt { get; init; }
    public required DateTimeOffset EndsAt { get; init; }
    public required DateTimeOffset SalesStartAt { get; init; }
    public required DateTimeOffset SalesEndAt { get; init; }
    public required DateTimeOffset CheckInFrom { get; init; }
    public required DateTimeOffset CheckInUntil { get; init; }

    /// <param name="now">When sales start, if nobody said.</param>
    public static EventTimes Of(NewEvent asked, DateTimeOffset now)
    {
        var doorsAt = asked.DoorsAt ?? asked.StartsAt;
        return new EventTimes
        {
            DoorsAt = doorsAt,
            StartsAt = asked.StartsAt,
            EndsAt = asked.EndsAt,
            SalesStartAt = asked.SalesStartAt ?? now,
            SalesEndAt = asked.SalesEndAt ?? asked.StartsAt,
            CheckInFrom = asked.CheckInFrom ?? doorsAt - s_checkInBeforeDoors,
            CheckInUntil = asked.CheckInUntil ?? asked.EndsAt,
        };
    }

    public static EventTimes Of(EventBody kept) => new()
    {
        DoorsAt = kept.DoorsAt,
        StartsAt = kept.StartsAt,
        EndsAt = kept.EndsAt,
        SalesStartAt = kept.SalesStartAt,
        SalesEndAt = kept.SalesEndAt,
        CheckInFrom = kept.CheckInFrom,
        CheckInUntil = kept.CheckInUntil,
    };

    /// <summary>All of them moved by as much wall time as the start.</summary>
    public EventTimes Moved(WallMove move)
    {
        var (sales, checkIn) = (move.Of(SalesStartAt, SalesEndAt), move.Of(CheckInFrom, CheckInUntil));
        return new()
        {
            DoorsAt = move.Of(DoorsAt),
            StartsAt = move.To,
            EndsAt = move.Of(EndsAt),
            SalesStartAt = sales.Start,
            SalesEndAt = sales.End,
            CheckInFrom = checkIn.Start,
            CheckInUntil = checkIn.End,
        };
    }

    /// <returns>The rules that the times break between them, or null.</returns>
    public Refusal? Refuse()
    {
        var broken = ImmutableArray.CreateBuilder<ValidationError>();
        if (StartsAt >= EndsAt) broken.Add(new("/endsAt", "Must be after startsAt."));
        if (DoorsAt > StartsAt) broken.Add(new("/doorsAt", "Must not be after startsAt."));
        if (StartsAt - DoorsAt > TimeSpan.FromDays(MaxDaysFromDoorsToStart)) broken.Add(new("/doorsAt", $"Must be at most {MaxDaysFromDoorsToStart} days before startsAt."));
        if (SalesStartAt >= SalesEndAt) broken.Add(new("/salesStartAt", "Must be before salesEndAt; it is now and salesEndAt is startsAt, if they are left out."));
        if (SalesEndAt > EndsAt) broken.Add(new("/salesEndAt", "Must not be after endsAt."));
        // A window that does not meet the hours between doors and end admits nobody.
        if (CheckInFrom >= CheckInUntil) broken.Add(new("/checkInFrom", "Must be before checkInUntil."));
        else if (StartsAt < EndsAt && CheckInFrom >= EndsAt) broken.Add(new("/checkInFrom", "Must be before endsAt."));
        else if (StartsAt < EndsAt && CheckInUntil <= DoorsAt) broken.Add(new("/checkInUntil", "Must be after doorsAt."));
        return broken.Count == 0
            ? null
            : PlatformProblems.ValidationFailed.With(string.Join(" ", broken.Select(e => $"{e.Pointer}: {e.Message}"))) with { Errors = broken.ToImmutable() };
    }
}
