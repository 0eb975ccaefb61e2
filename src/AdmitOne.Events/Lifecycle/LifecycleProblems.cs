using System.Collections.Immutable;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Events.Lifecycle;

public static class LifecycleProblems
{
    /// <summary>The event is in another state than the caller thought, or lacks what the new state needs. <c>allowed</c> lists where it may go.</summary>
    public static readonly ProblemType TransitionNotAllowed = new("transition_not_allowed", StatusCodes.Status409Conflict, "The event cannot go there from here")
    {
        Like = "The event is draft and cannot become on_sale; from here it may go to review, published, cancelled.",
        LikeMembers = ImmutableDictionary.CreateRange<string, object>([new("allowed", new[] { "review", "published", "cancelled" })]),
    };

    internal static Refusal NotFrom(EventStatus from, EventStatus to)
    {
        var allowed = Transitions.From(from).Select(s => s.Word()).ToArray();
        var way = allowed.Length == 0 ? "it is final" : $"from here it may go to {string.Join(", ", allowed)}";
        return TransitionNotAllowed.With($"The event is {from.Word()} and cannot become {to.Word()}; {way}.").And("allowed", allowed);
    }

    internal static Refusal NotReady(EventStatus from, EventStatus to, string missing) =>
        TransitionNotAllowed.With(missing).And("allowed", Transitions.From(from).Where(other => other != to).Select(s => s.Word()).ToArray());
}
