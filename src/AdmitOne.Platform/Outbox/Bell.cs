namespace AdmitOne.Platform.Outbox;

/// <summary>Wakes whoever waits for work. Take <see cref="Next"/> before looking for it and wait afterwards: a ring in between is not lost.</summary>
public sealed class Bell
{
    private TaskCompletionSource _next = New();

    /// <summary>Ends at the next ring.</summary>
    public Task Next => Volatile.Read(ref _next).Task;

    public void Ring() => Interlocked.Exchange(ref _next, New()).TrySetResult();

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
