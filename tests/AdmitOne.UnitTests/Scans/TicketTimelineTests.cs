using AdmitOne.Tickets.Scans;
using FsCheck;
using FsCheck.Fluent;

namespace AdmitOne.UnitTests.Scans;

public sealed class TicketTimelineTests
{
    private static readonly DateTimeOffset s_start = DateTimeOffset.UnixEpoch.AddYears(56);
    private static readonly Guid[] s_devices = [.. Enumerable.Range(0, 4).Select(_ => Guid.CreateVersion7())];

    private static readonly Gen<Passage[]> s_histories =
        (from second in Gen.Choose(0, 50)
         from device in Gen.Choose(0, 3)
         from isOut in Gen.Frequency((3, Gen.Constant(false)), (1, Gen.Constant(true)))
         select new Passage(Guid.CreateVersion7(), s_start.AddSeconds(second), isOut, $"gate {device}", s_devices[device])).ArrayOf();

    [Fact]
    public void What_came_of_each_scan_does_not_depend_on_the_order_in_which_it_was_heard_of() =>
        Prop.ForAll(s_histories.ToArbitrary(), Gen.Choose(0, int.MaxValue).ToArbitrary(), ArbMap.Default.ArbFor<bool>(), (history, seed, reEntry) =>
        {
            var shuffled = history.ToArray();
            new System.Random(seed).Shuffle(shuffled);
            return Told(TicketTimeline.Of(history, reEntry)).SequenceEqual(Told(TicketTimeline.Of(shuffled, reEntry)));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Every_scan_gets_one_verdict_and_nobody_is_let_in_while_inside() =>
        Prop.ForAll(s_histories.ToArbitrary(), ArbMap.Default.ArbFor<bool>(), (history, reEntry) =>
        {
            var timeline = TicketTimeline.Of(history, reEntry);
            var inside = false;
            var times = 0;
            foreach (var verdict in timeline.Verdicts.Where(v => v.Outcome == OfflineOutcomes.Accepted))
            {
                if (inside != verdict.Passage.IsOut) return false;
                inside = !verdict.Passage.IsOut;
                times += inside ? 1 : 0;
            }
            return timeline.Verdicts.Select(v => v.Passage.Id).Order().SequenceEqual(history.Select(p => p.Id).Order())
                && inside == timeline.Inside && (reEntry || times <= 1) && (times > 0) == history.Any(p => !p.IsOut);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_conflict_names_a_passage_that_was_let_in_before() =>
        Prop.ForAll(s_histories.ToArbitrary(), ArbMap.Default.ArbFor<bool>(), (history, reEntry) =>
        {
            var verdicts = TicketTimeline.Of(history, reEntry).Verdicts;
            return verdicts.Where(v => v.Outcome == OfflineOutcomes.Conflict).All(conflict => verdicts.Any(first =>
                first.Passage.Id == conflict.FirstId && first.Outcome == OfflineOutcomes.Accepted && !first.Passage.IsOut && first.Passage.At <= conflict.Passage.At));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void First_by_time_wins_the_same_scanner_repeats_itself_and_another_is_a_conflict()
    {
        Passage In(int second, int device) => new(Guid.CreateVersion7(), s_start.AddSeconds(second), false, $"gate {device}", s_devices[device]);
        var (late, first, again, other) = (In(30, 1), In(10, 0), In(20, 0), In(25, 2));
        var timeline = TicketTimeline.Of([late, first, again, other], reEntry: false);
        Assert.Equal(first, timeline.First);
        Assert.Equal([("accepted", (Guid?)null), ("duplicate", null), ("conflict", first.Id), ("conflict", first.Id)], timeline.Verdicts.Select(v => (v.Outcome, v.FirstId)));
    }

    private static IEnumerable<(Guid, string, Guid?)> Told(TicketTimeline timeline) => timeline.Verdicts.Select(v => (v.Passage.Id, v.Outcome, v.FirstId)).OrderBy(v => v.Id);
}
