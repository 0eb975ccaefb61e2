using System.Threading.RateLimiting;
using AdmitOne.Platform.Problems;

namespace AdmitOne.Platform.RateLimiting;

/// <summary>How much of something costly goes on at once in this process.</summary>
/// <param name="AtOnce">Steps that work at once, each with a connection to the database; one tenant has at most half of them.</param>
/// <param name="OpenPerTenant">Calls of one tenant that are answered or wait.</param>
/// <param name="OpenPerCaller">Calls of one caller that are answered or wait.</param>
public sealed record ConcurrencyBound(int AtOnce, int OpenPerTenant, int OpenPerCaller);

/// <summary>
/// Shares reports, exports and packs among tenants and callers. A call is open for as long as it is answered, however slowly its reader takes it, and costs
/// nobody anything; it works only while it has a place, which it takes for each step and gives back before it writes.
/// </summary>
public class ConcurrencyBounds : IDisposable
{
    private readonly PartitionedRateLimiter<(Guid TenantId, Guid CallerId)> _open;
    private readonly PartitionedRateLimiter<(Guid TenantId, Guid CallerId)> _places;
    private readonly TimeSpan _longestWait;

    /// <param name="bound">Of this process; replicas do not know of each other.</param>
    /// <param name="longestWait">After this a call that has got no place is refused.</param>
    protected ConcurrencyBounds(ConcurrencyBound bound, TimeSpan longestWait)
    {
        ArgumentNullException.ThrowIfNull(bound);
        _longestWait = longestWait;
        _open = PartitionedRateLimiter.CreateChained(
            By(call => call.CallerId, bound.OpenPerCaller, queue: 0),
            By(call => call.TenantId, bound.OpenPerTenant, queue: 0));
        // Of a tenant's calls one waits for each that is open, and none of them in the line of the others.
        _places = PartitionedRateLimiter.CreateChained(
            By(call => call.TenantId, Math.Max(1, bound.AtOnce / 2), queue: int.MaxValue),
            By(_ => Guid.Empty, bound.AtOnce, queue: int.MaxValue));
    }

    /// <summary>Opens a call; dispose what is returned when it is over.</summary>
    /// <returns>Null with the refusal, if the caller or its tenant has too many open.</returns>
    public (IDisposable? Call, Refusal? Refusal) Open(Guid tenantId, Guid callerId)
    {
        var lease = _open.AttemptAcquire((tenantId, callerId));
        if (lease.IsAcquired) return (lease, null);
        lease.Dispose();
        return (null, PlatformProblems.TooManyAtOnce.With("As many of these as you or your organisation may have are being answered; try again when one of them is done.") with { RetryAfterSeconds = 5 });
    }

    /// <summary>Waits for a place to work in; dispose it after each step.</summary>
    /// <returns>Null with the refusal, if there was none in time.</returns>
    public async Task<(IDisposable? Place, Refusal? Refusal)> EnterAsync(Guid tenantId, Guid callerId, CancellationToken cancellationToken)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        ends.CancelAfter(_longestWait);
        try
        {
            var lease = await _places.AcquireAsync((tenantId, callerId), cancellationToken: ends.Token);
            if (lease.IsAcquired) return (lease, null);
            lease.Dispose();
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Its time was over.
        }
        return (null, PlatformProblems.Overloaded.With("Too many reports are being made; try again in a moment.") with { RetryAfterSeconds = 5 });
    }

    public void Dispose()
    {
        _open.Dispose();
        _places.Dispose();
        GC.SuppressFinalize(this);
    }

    private static PartitionedRateLimiter<(Guid TenantId, Guid CallerId)> By(Func<(Guid TenantId, Guid CallerId), Guid> key, int permits, int queue) =>
        PartitionedRateLimiter.Create<(Guid, Guid), Guid>(call => RateLimitPartition.GetConcurrencyLimiter(key(call),
            _ => new ConcurrencyLimiterOptions { PermitLimit = permits, QueueLimit = queue, QueueProcessingOrder = QueueProcessingOrder.OldestFirst }));
}
