using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Lanes;

namespace AdmitOne.Tickets.Inventory;

/// <summary>What a command came to: its value, or the refusal that changed nothing.</summary>
public readonly record struct Answer<T>(T? Value, Refusal? Refusal) where T : class
{
    public static implicit operator Answer<T>(T value) => new(value, null);

    public static implicit operator Answer<T>(Refusal refusal) => new(null, refusal);
}

/// <summary>
/// One wish about one event's stock. It is decided in memory, first come first served, from what its batch read under the locks, and is
/// answered only after that batch has committed. A batch may be decided again, so deciding twice must do no harm.
/// </summary>
public abstract class StockCommand(Guid tenantId, Guid eventId) : LaneCommand(tenantId, eventId)
{
    /// <summary>The types whose stock it may move: exactly these are locked.</summary>
    internal abstract IEnumerable<Guid> TicketTypeIds { get; }

    /// <summary>The customer whose limits count, if any.</summary>
    internal virtual Guid? CustomerId => null;

    /// <summary>It may give the customer unpaid places, so what they have of these is read, under the lock that all such commands of the event take.</summary>
    internal virtual bool MayHoldUnpaid => false;

    internal virtual Guid? HoldId => null;

    internal virtual Guid? OrderId => null;

    /// <summary>The order whose tickets are to be locked and read.</summary>
    internal virtual Guid? TicketsOf => null;

    internal virtual KeyedRequest? Request => null;

    internal virtual WantedDiscounts Discounts => WantedDiscounts.None;

    /// <summary>It may count or give back uses of its discounts, so their rows are locked. A hold only reads them.</summary>
    internal virtual bool CountsUses => false;

    internal abstract void Decide(StockView view, StockChanges changes);
}

/// <inheritdoc/>
public abstract class StockCommand<TResult>(Guid tenantId, Guid eventId) : StockCommand(tenantId, eventId) where TResult : class
{
    private readonly TaskCompletionSource<Answer<TResult>> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Answer<TResult> _decided;

    /// <summary>The key of its request, if that has one, and how its answer is kept with the effect.</summary>
    internal (KeyedRequest Request, Func<TResult, StoredAnswer> Answer)? Keyed { get; init; }

    /// <summary>The answer that the key has already: then nothing was done, and there is neither a value nor a refusal.</summary>
    internal StoredAnswer? Repeated { get; private set; }

    internal override KeyedRequest? Request => Keyed?.Request;

    internal Task<Answer<TResult>> Done => _done.Task;

    private protected abstract Answer<TResult> Rule(StockView view, StockChanges changes);

    internal sealed override void Decide(StockView view, StockChanges changes)
    {
        if (Keyed is not var (request, answer))
        {
            _decided = Rule(view, changes);
            return;
        }
        if (view.Repeated(request) is var (before, other))
        {
            Repeated = before;
            _decided = new Answer<TResult>(null, other);
            return;
        }
        _decided = Rule(view, changes);
        if (_decided.Value is { } value) changes.Remembered.Add((request, null, answer(value)));
        else changes.Forgotten.Add(request);
    }

    private protected sealed override void Answer() => _done.TrySetResult(_decided);

    private protected sealed override void Answer(Exception fault) => _done.TrySetException(fault);

    private protected sealed override void Answer(CancellationToken cancelled) => _done.TrySetCanceled(cancelled);
}

/// <summary>A request that must have its effect once: its idempotency row is inserted first and completed with the effect.</summary>
/// <param name="Fingerprint">SHA-256: 32 bytes.</param>
internal sealed record KeyedRequest(Guid UserId, string Route, string Key, byte[] Fingerprint)
{
    /// <summary>The order that it is to make: while that is paid, its row says so.</summary>
    public Guid? OrderId { get; init; }
}

/// <summary>The answer kept under an idempotency key: status and body, byte for byte.</summary>
public sealed record StoredAnswer(int Status, string Body, string? Location = null, string? ETag = null);
