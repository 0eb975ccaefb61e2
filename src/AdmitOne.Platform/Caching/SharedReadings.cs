namespace AdmitOne.Platform.Caching;

/// <summary>
/// Lets many who ask for the same thing share a reading of it, without telling anybody what was true before they asked: whoever comes while one
/// runs gets the next, which begins after they came. However many ask, one at a time reads.
/// </summary>
public sealed class SharedReadings<TKey, TAnswer> where TKey : notnull
{
    private readonly Lock _one = new();
    private readonly Dictionary<TKey, Line> _lines = [];

    /// <param name="key">Says all that the answer depends on.</param>
    /// <param name="read">Reads for everybody who waits, and so does not end when one of them leaves.</param>
    public Task<TAnswer> GetAsync(TKey key, Func<Task<TAnswer>> read, CancellationToken cancellationToken)
    {
        Task<TAnswer> answer;
        lock (_one)
        {
            var isNew = !_lines.TryGetValue(key, out var line);
            if (isNew) _lines[key] = line = new Line();
            line!.Next ??= new Turn(read);
            answer = line.Next.Answer.Task;
            if (isNew) _ = Task.Run(() => ReadAllAsync(key, line), CancellationToken.None);
        }
        return answer.WaitAsync(cancellationToken);
    }

    // Ends when nobody waits. A fault is told to those whose reading it was.
    private async Task ReadAllAsync(TKey key, Line line)
    {
        while (true)
        {
            Turn turn;
            lock (_one)
            {
                if (line.Next is not { } next)
                {
                    _lines.Remove(key);
                    return;
                }
                (turn, line.Next) = (next, null);
            }
            try
            {
                turn.Answer.SetResult(await turn.Read());
            }
            catch (Exception fault)
            {
                turn.Answer.SetException(fault);
            }
        }
    }

    private sealed class Line
    {
        public Turn? Next { get; set; }
    }

    private sealed record Turn(Func<Task<TAnswer>> Read)
    {
        public TaskCompletionSource<TAnswer> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
