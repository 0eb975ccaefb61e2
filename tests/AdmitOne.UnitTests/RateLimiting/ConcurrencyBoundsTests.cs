using AdmitOne.Platform.RateLimiting;

namespace AdmitOne.UnitTests.RateLimiting;

public sealed class ConcurrencyBoundsTests
{
    private static readonly Guid s_tenant = Guid.CreateVersion7();
    private static readonly Guid s_other = Guid.CreateVersion7();
    private static readonly Guid s_caller = Guid.CreateVersion7();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public void A_caller_and_a_tenant_have_as_many_open_as_they_may_and_the_next_when_one_is_done()
    {
        using var bounds = new Bounds(new ConcurrencyBound(AtOnce: 2, OpenPerTenant: 3, OpenPerCaller: 2), TimeSpan.FromMinutes(1));
        var open = bounds.Open(s_tenant, s_caller).Call!;
        Assert.NotNull(bounds.Open(s_tenant, s_caller).Call);
        var refusal = bounds.Open(s_tenant, s_caller).Refusal!;
        Assert.Equal(("too_many_at_once", 429, 5), (refusal.Type.Code, refusal.Type.Status, refusal.RetryAfterSeconds));

        // A colleague has the tenant's third, and its fourth is refused; another tenant has its own.
        Assert.NotNull(bounds.Open(s_tenant, Guid.CreateVersion7()).Call);
        Assert.NotNull(bounds.Open(s_tenant, Guid.CreateVersion7()).Refusal);
        Assert.NotNull(bounds.Open(s_other, Guid.CreateVersion7()).Call);
        open.Dispose();
        Assert.NotNull(bounds.Open(s_tenant, s_caller).Call);
    }

    [Fact]
    public async Task One_tenant_works_at_half_of_the_places_and_its_waiting_calls_keep_nobody_else_out()
    {
        using var bounds = new Bounds(new ConcurrencyBound(AtOnce: 4, OpenPerTenant: 100, OpenPerCaller: 100), TimeSpan.FromMinutes(1));
        var places = new[] { await EnterAsync(s_tenant), await EnterAsync(s_tenant) };
        var waiting = Enumerable.Range(0, 30).Select(_ => EnterAsync(s_tenant)).ToArray();
        Assert.All(waiting, one => Assert.False(one.IsCompleted));
        using (await EnterAsync(s_other)) using (await EnterAsync(s_other)) Assert.All(waiting, one => Assert.False(one.IsCompleted));

        foreach (var place in places) place.Dispose();
        foreach (var one in waiting) (await one).Dispose();

        async Task<IDisposable> EnterAsync(Guid tenant) => (await bounds.EnterAsync(tenant, s_caller, Stop)).Place!;
    }

    [Fact]
    public async Task Who_gets_no_place_in_time_is_refused_and_takes_none()
    {
        using var bounds = new Bounds(new ConcurrencyBound(AtOnce: 2, OpenPerTenant: 9, OpenPerCaller: 9), TimeSpan.FromMilliseconds(50));
        var place = (await bounds.EnterAsync(s_tenant, s_caller, Stop)).Place!;
        var refusal = (await bounds.EnterAsync(s_tenant, s_caller, Stop)).Refusal!;
        Assert.Equal(("overloaded", 5), (refusal.Type.Code, refusal.RetryAfterSeconds));
        place.Dispose();
        Assert.NotNull((await bounds.EnterAsync(s_tenant, s_caller, Stop)).Place);
    }

    private sealed class Bounds(ConcurrencyBound bound, TimeSpan longestWait) : ConcurrencyBounds(bound, longestWait);
}
