using AdmitOne.Contracts;
using AdmitOne.Events.Events;

namespace AdmitOne.Events.Lifecycle;

internal static class LifecycleExamples
{
    private static readonly Guid s_manager = new("0199a1b2-7c00-7000-8000-00000000000c");

    public static readonly NewMove PutOnSale = new() { To = "on_sale", Reason = "Everything is ready" };

    public static readonly Moves History = new(
    [
        new Move(EventStatus.Draft, EventStatus.Published, EventExamples.At("2026-09-02T10:00:00Z"), s_manager.ToString(), Reason: null),
        new Move(EventStatus.Published, EventStatus.OnSale, EventExamples.OnSale.UpdatedAt, By: "system", "Sales start at 2026-10-01 08:00:00Z"),
    ], HeldUp: null);

    public static readonly CancellationProgress HalfWay = new(Orders: 5000, Refunded: 2431, Failed: 1, Remaining: 2566, NeedsPerson: 2);
}
