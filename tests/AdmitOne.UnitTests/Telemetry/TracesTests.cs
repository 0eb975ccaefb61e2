using System.Diagnostics;
using AdmitOne.Platform.Telemetry;
using AdmitOne.Tickets.Lanes;

namespace AdmitOne.UnitTests.Telemetry;

public sealed class TracesTests
{
    private sealed class Wish() : LaneCommand(Guid.Empty, Guid.Empty)
    {
        private protected override void Answer() { }

        private protected override void Answer(Exception fault) { }

        private protected override void Answer(CancellationToken cancelled) { }
    }

    [Fact]
    public void With_nobody_who_listens_a_command_gets_no_span_and_nothing_is_allocated()
    {
        using var request = new Activity("request").Start();
        request.ActivityTraceFlags |= ActivityTraceFlags.Recorded;
        var wish = new Wish();
        Enter(wish);   // once for the compiler
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) Enter(wish);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Null(wish.Waiting);
        Assert.Null(Traces.Continue("later", ActivityKind.Consumer, request.Id));
    }

    [Fact]
    public void What_is_not_recorded_leaves_no_trace_behind()
    {
        using var request = new Activity("request").Start();
        Assert.Null(Traces.Parent);
        request.ActivityTraceFlags |= ActivityTraceFlags.Recorded;
        Assert.Equal(request.Id, Traces.Parent);
    }

    private static void Enter(Wish wish)
    {
        wish.BeginWaiting();
        wish.EndWaiting(Activity.Current, null);
    }
}
