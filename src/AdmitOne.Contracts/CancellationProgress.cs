namespace AdmitOne.Contracts;

/// <summary>How far the refunds of a cancelled event have come, in orders: <c>orders = refunded + failed + remaining + needsPerson</c>.</summary>
/// <param name="Orders">That had been paid when it was cancelled, or were paid too late.</param>
/// <param name="Refunded">Whose tickets are void and whose money, if any, has gone.</param>
/// <param name="Failed">Whose last attempt failed; it is tried again.</param>
/// <param name="NeedsPerson">With blocked tickets, which no job pays: a manager unblocks each, or gives it back by name.</param>
public sealed record CancellationProgress(int Orders, int Refunded, int Failed, int Remaining, int NeedsPerson);
