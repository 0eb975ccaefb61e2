namespace AdmitOne.Tickets.Lanes;

/// <summary>
/// The commands that wait in one lane, by event. Batches of different events may run at once, never two of the same one. Any thread may call it.
/// </summary>
internal sealed class CommandQueue<TCommand>(TimeProvider clock) where TCommand : LaneCommand
{
    private readonly Lock _one = new();
    private readonly Dictionary<(Guid Tenant, Guid Event), EventQueue> _events = [];
    private TaskCompletionSource? _changed;
    private int _waiting;
    private bool _isClosed;

    /// <summary>Whether nothing comes any more and everything has been answered.</summary>
    public bool IsFinished
    {
        get
        {
            lock (_one) return _isClosed && _events.Count == 0;
        }
    }

    /// <returns>False if too much waits already, of this event or of all together, or if the queue is closed.</returns>
    public bool TryAdd(TCommand command, int maxOfEvent, int maxOfAll)
    {
        command.EnteredAt = clock.GetTimestamp();
        lock (_one)
        {
            if (_isClosed || _waiting >= maxOfAll) return false;
            var key = (command.TenantId, command.EventId);
            if (!_events.TryGetValue(key, out var queue)) _events[key] = queue = new EventQueue();
            if (queue.Commands.Count >= maxOfEvent) return false;
            queue.Commands.Enqueue(command);
            _waiting++;
            Changed();
            return true;
        }
    }

    /// <summary>Takes commands of the event whose first one has waited longest, in their order; their event is then busy until <see cref="Release"/>.</summary>
    /// <param name="max">So many at most.</param>
    /// <param name="changed">If there are none: completes when there may be.</param>
    /// <returns>Null if there are none but of busy events.</returns>
    public List<TCommand>? Take(int max, out Task changed)
    {
        lock (_one)
        {
            while (Oldest() is var (key, queue))
            {
                var batch = new List<TCommand>(Math.Min(max, queue.Commands.Count));
                while (batch.Count < max && queue.Commands.TryDequeue(out var command))
                {
                    _waiting--;
                    if (command.TryBegin()) batch.Add(command);
                }
                if (batch.Count > 0)
                {
                    queue.BusySince = batch[0].EnteredAt;
                    changed = Task.CompletedTask;
                    return batch;
                }
                if (queue.Commands.Count == 0) _events.Remove(key);   // all of them were withdrawn
            }
            changed = (_changed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            return null;
        }
    }

    /// <summary>The batch that was taken of this command's event has ended.</summary>
    public void Release(TCommand any)
    {
        lock (_one)
        {
            var key = (any.TenantId, any.EventId);
            var queue = _events[key];
            queue.BusySince = null;
            if (queue.Commands.Count == 0) _events.Remove(key);
            Changed();
        }
    }

    public void Close()
    {
        lock (_one)
        {
            _isClosed = true;
            Changed();
        }
    }

    /// <returns>How long the oldest command without an answer has waited; zero if there is none.</returns>
    public TimeSpan OldestWaiting()
    {
        lock (_one)
        {
            long? oldest = null;
            foreach (var queue in _events.Values)
            {
                var first = queue.BusySince ?? (queue.Commands.TryPeek(out var command) ? command.EnteredAt : null);
                if (first < (oldest ?? long.MaxValue)) oldest = first;
            }
            return oldest is { } since ? clock.GetElapsedTime(since) : TimeSpan.Zero;
        }
    }

    private ((Guid, Guid) Key, EventQueue Queue)? Oldest()
    {
        ((Guid, Guid) Key, EventQueue Queue)? oldest = null;
        var since = long.MaxValue;
        foreach (var (key, queue) in _events)
        {
            if (queue.BusySince is not null || !queue.Commands.TryPeek(out var first) || first.EnteredAt >= since) continue;
            (oldest, since) = ((key, queue), first.EnteredAt);
        }
        return oldest;
    }

    private void Changed()
    {
        _changed?.TrySetResult();
        _changed = null;
    }

    private sealed class EventQueue
    {
        public Queue<TCommand> Commands { get; } = new();

        /// <summary>When the oldest command of the batch that runs entered; null if none runs.</summary>
        public long? BusySince { get; set; }
    }
}
