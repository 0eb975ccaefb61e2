namespace AdmitOne.Platform.Idempotency;

/// <summary>
/// Lets one request for each key through at a time in this process; the others wait here, in memory, and then find the stored answer. What
/// another replica runs is told by the key's row instead.
/// </summary>
public sealed class RunningRequests
{
    private readonly Lock _one = new();
    private readonly Dictionary<(Guid Tenant, Guid User, string Route, string Key), Turnstile> _running = [];

    /// <summary>Waits for the turn of this key; dispose what is returned to let the next one in.</summary>
    public async Task<IDisposable> EnterAsync((Guid Tenant, Guid User, string Route, string Key) key, CancellationToken cancellationToken)
    {
        Turnstile turnstile;
        lock (_one)
        {
            if (!_running.TryGetValue(key, out turnstile!)) _running[key] = turnstile = new Turnstile();
            turnstile.Users++;
        }
        try
        {
            await turnstile.Gate.WaitAsync(cancellationToken);
        }
        catch
        {
            Leave(key, turnstile);
            throw;
        }
        return new Turn(() =>
        {
            turnstile.Gate.Release();
            Leave(key, turnstile);
        });
    }

    private void Leave((Guid, Guid, string, string) key, Turnstile turnstile)
    {
        lock (_one)
        {
            if (--turnstile.Users > 0) return;
            _running.Remove(key);
        }
        turnstile.Gate.Dispose();
    }

    private sealed class Turnstile
    {
        public SemaphoreSlim Gate { get; } = new(1, 1);

        public int Users { get; set; }
    }

    private sealed class Turn(Action leave) : IDisposable
    {
        private Action? _leave = leave;

        public void Dispose() => Interlocked.Exchange(ref _leave, null)?.Invoke();
    }
}
