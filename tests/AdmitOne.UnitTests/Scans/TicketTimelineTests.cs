using AdmitOne.Tickets.Scans;
using FsCheck;
using FsCheck.Fluent;

namespace AdmitOne.UnitTests.Scans;

public sealed class TicketTimelineTests
{
    private static readonly DateTimeOffset s_start = DateTimeOffset.UnixEpoch.AddYears(56);
    private static readonly Guid[] s_devices = [.. Enumerable.Range(0, 4).Select(_ => Guid.CreateVersion7())];

    private static readonly Gen<Passage[]> s_offline =
        (from second in Gen.Choose(0, 50)
         from device in Gen.Choose(0, 3)
         from isOut in Gen.Frequency((3, Gen.Constant(false)), (1, Gen.Constant(true)))
         from owner in Gen.Frequency((4, Gen.Constant(1)), (1, Gen.Constant(2)))
         select new Passage(Guid.CreateVersion7(), s_start.AddSeconds(second), isOut, $"gate {device}", device == 3 ? null : s_devices[device], IsOnline: false, owner)).ArrayOf();

    // What the service lets through at once: in, out, in again, one after the other.
    private static readonly Gen<Passage[]> s_online =
        from seconds in Gen.Choose(0, 50).ArrayOf()
        from device in Gen.Choose(0, 3)
        select seconds.Distinct().Order().Select((second, n) => new Passage(Guid.CreateVersion7(), s_start.AddSeconds(second), n % 2 == 1, "online", s_devices[device], IsOnline: true)).ToArray();

    private static readonly Gen<(Passage[] History, bool ReEntry)> s_histories =
        from offline in s_offline
        from online in s_online
        from reEntry in ArbMap.Default.GeneratorFor<bool>()
        select (History: (Passage[])[.. offline, .. online.Take(reEntry ? online.Length : 2)], ReEntry: reEntry);

    [Fact]
    public void What_came_of_each_scan_does_not_depend_on_the_order_in_which_it_was_heard_of() =>
        Prop.ForAll(s_histories.ToArbitrary(), Gen.Choose(0, int.MaxValue).ToArbitrary(), (made, seed) =>
        {
            var shuffled = made.History.ToArray();
            new System.Random(seed).Shuffle(shuffled);
            return Told(TicketTimeline.Of(made.History, made.ReEntry)).SequenceEqual(Told(TicketTimeline.Of(shuffled, made.ReEntry)));
        }).Check(PropertyCases.Some(1_000));

    [Fact]
    public void Every_scan_gets_one_verdict_and_nobody_is_let_in_while_inside() =>
        Prop.ForAll(s_histories.ToArbitrary(), made =>
        {
            var timeline = TicketTimeline.Of(made.History, made.ReEntry);
            var inside = false;
            var times = 0;
            foreach (var verdict in timeline.Verdicts.Where(v => v.Outcome == OfflineOutcomes.Accepted))
            {
                if (inside && !verdict.Passage.IsOut) return false;
                if (!inside && verdict.Passage is { IsOut: true, IsOnline: false }) return false;
                inside = !verdict.Passage.IsOut;
                times += inside ? 1 : 0;
            }
            return timeline.Verdicts.Select(v => v.Passage.Id).Order().SequenceEqual(made.History.Select(p => p.Id).Order())
                && inside == timeline.Inside && (made.ReEntry || times <= 1) && (times > 0) == made.History.Any(p => !p.IsOut) && (times > 0) == (timeline.First is not null);
        }).Check(PropertyCases.Some(1_000));

    [Fact]
    public void No_upload_takes_back_what_the_service_let_through() =>
        Prop.ForAll(s_histories.ToArbitrary(), made =>
            TicketTimeline.Of(made.History, made.ReEntry).Verdicts.Where(v => v.Passage.IsOnline).All(v => v.Outcome == OfflineOutcomes.Accepted)).Check(PropertyCases.Some(1_000));

    // Nobody comes in unnoticed: whoever was let in counts, is named in a conflict, or repeats what the same scanner did with the same owner's code.
    [Fact]
    public void Each_admission_beyond_the_first_is_a_conflict_or_the_same_scanners_repetition() =>
        Prop.ForAll(s_histories.ToArbitrary(), made =>
        {
            var verdicts = TicketTimeline.Of(made.History, made.ReEntry).Verdicts;
            return verdicts.Where(v => !v.Passage.IsOut).All(v => v.Outcome switch
            {
                OfflineOutcomes.Duplicate => verdicts.Any(other => other.Passage.Id != v.Passage.Id && !other.Passage.IsOut && other.Outcome != OfflineOutcomes.Duplicate
                    && (other.Passage.DeviceId, other.Passage.OwnerVersion) == (v.Passage.DeviceId, v.Passage.OwnerVersion) && other.Passage.At <= v.Passage.At),
                OfflineOutcomes.Accepted or OfflineOutcomes.Conflict => true,
                _ => false,
            });
        }).Check(PropertyCases.Some(1_000));

    [Fact]
    public void A_conflict_names_a_passage_that_was_let_in_before_or_online() =>
        Prop.ForAll(s_histories.ToArbitrary(), made =>
        {
            var verdicts = TicketTimeline.Of(made.History, made.ReEntry).Verdicts;
            return verdicts.Where(v => v.Outcome == OfflineOutcomes.Conflict).All(conflict => verdicts.Any(first => first.Passage.Id == conflict.FirstId
                && first.Outcome == OfflineOutcomes.Accepted && !first.Passage.IsOut && (first.Passage.At <= conflict.Passage.At || first.Passage.IsOnline)));
        }).Check(PropertyCases.Some(1_000));

    [Fact]
    public void An_upload_never_displaces_an_online_admission_and_another_owners_code_is_no_repetition()
    {
        Passage In(int second, int device, bool online = false, int owner = 1) => new(Guid.CreateVersion7(), s_start.AddSeconds(second), false, $"gate {device}", s_devices[device], online, owner);
        var (before, online, after) = (In(10, 0), In(20, 1, online: true), In(30, 2));
        var timeline = TicketTimeline.Of([before, after, online], reEntry: false);
        Assert.Equal(online, timeline.First);
        Assert.Equal([("conflict", online.Id), ("accepted", (Guid?)null), ("conflict", online.Id)], timeline.Verdicts.Select(v => (v.Outcome, v.FirstId)));

        // One scanner let in the earlier owner offline, and then the new one.
        Assert.Equal(["accepted", "conflict"], TicketTimeline.Of([In(10, 0, owner: 1), In(20, 0, owner: 2)], reEntry: false).Verdicts.Select(v => v.Outcome));
        Assert.Equal(["conflict", "accepted"], TicketTimeline.Of([In(10, 0), In(20, 0, online: true)], reEntry: false).Verdicts.Select(v => v.Outcome));
        // The answer to an online admission was lost, and the scanner decided again by its pack.
        Assert.Equal(["accepted", "duplicate"], TicketTimeline.Of([In(10, 0, online: true), In(13, 0)], reEntry: false).Verdicts.Select(v => v.Outcome));
    }

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
