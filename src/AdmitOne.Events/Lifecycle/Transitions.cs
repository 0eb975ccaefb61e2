using System.Collections.Frozen;
using static AdmitOne.Events.Lifecycle.EventStatus;

namespace AdmitOne.Events.Lifecycle;

/// <summary>Which state may follow which. What is not in the table is refused; completed and cancelled are final.</summary>
public static class Transitions
{
    private static readonly FrozenDictionary<EventStatus, EventStatus[]> s_table = new Dictionary<EventStatus, EventStatus[]>
    {
        [Draft] = [Review, Published, Cancelled],
        [Review] = [Approved, Draft, Cancelled],
        [Approved] = [Published, Draft, Cancelled],
        [Published] = [OnSale, Postponed, Cancelled],
        [OnSale] = [SalesPaused, SoldOut, InProgress, Postponed, Cancelled],
        [SalesPaused] = [OnSale, InProgress, Postponed, Cancelled],
        [SoldOut] = [OnSale, SalesPaused, InProgress, Postponed, Cancelled],
        [InProgress] = [Completed, Cancelled],
        [Completed] = [],
        [Postponed] = [Rescheduled, Cancelled],
        [Rescheduled] = [Published, OnSale, Cancelled],
        [Cancelled] = [],
    }.ToFrozenDictionary();

    public static IReadOnlyList<EventStatus> From(EventStatus status) => s_table[status];

    public static bool Allow(EventStatus from, EventStatus to) => s_table[from].Contains(to);

    public static bool IsFinal(EventStatus status) => s_table[status].Length == 0;

    /// <summary>Sales that were open before are not open in this state: who moves there enters the event's gate first.</summary>
    public static bool CloseSales(EventStatus to) => to is SalesPaused or Postponed or Completed or Cancelled;

    /// <summary>This move begins selling, so there must be something to sell and time to sell it.</summary>
    public static bool BeginSelling(EventStatus from, EventStatus to) => to is OnSale && from is (Published or Rescheduled);
}
