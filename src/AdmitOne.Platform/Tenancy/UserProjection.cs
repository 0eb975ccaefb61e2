using System.Collections.Concurrent;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;

namespace AdmitOne.Platform.Tenancy;

/// <summary>
/// Writes a person into <c>platform.users</c> when their verified token is first seen here, so that holds and orders can point at them. When
/// many come at once, as at the start of a sale, those who arrived while the last ones were written go into one transaction together.
/// </summary>
internal sealed class UserProjection(Database database)
{
    private const int MaxKept = 200_000;
    private const int MaxAtOnce = 500;

    private readonly ConcurrentDictionary<(Guid Tenant, Guid User), string> _seen = new();
    private readonly Lock _one = new();
    private readonly Queue<Newcomer> _waiting = new();
    private bool _writing;

    public ValueTask EnsureAsync(Caller caller, CancellationToken cancellationToken) => Has(caller) ? default : new ValueTask(IntroduceAsync(caller, cancellationToken));

    /// <summary>Whether there is nothing to write: this person was seen here before, and is called the same.</summary>
    public bool Has(Caller caller) => _seen.TryGetValue((caller.TenantId, caller.UserId), out var email) && email == caller.Email;

    private Task IntroduceAsync(Caller caller, CancellationToken cancellationToken)
    {
        var newcomer = new Newcomer(caller);
        lock (_one)
        {
            _waiting.Enqueue(newcomer);
            if (!_writing)
            {
                _writing = true;
                _ = Task.Run(WriteAllAsync, CancellationToken.None);
            }
        }
        return newcomer.Written.Task.WaitAsync(cancellationToken);
    }

    // Ends when nobody waits, and is started again by who comes next. It never fails: its faults are those of the people it wrote.
    private async Task WriteAllAsync()
    {
        while (true)
        {
            var batch = new List<Newcomer>();
            lock (_one)
            {
                while (batch.Count < MaxAtOnce && _waiting.TryDequeue(out var next)) batch.Add(next);
                if (batch.Count == 0)
                {
                    _writing = false;
                    return;
                }
            }
            try
            {
                foreach (var tenant in batch.GroupBy(newcomer => newcomer.Caller.TenantId)) await WriteAsync(tenant.Key, [.. tenant]);
            }
            catch (Exception fault)
            {
                foreach (var newcomer in batch) newcomer.Written.TrySetException(fault);   // who has an answer keeps it
            }
        }
    }

    private async Task WriteAsync(Guid tenantId, IReadOnlyList<Newcomer> newcomers)
    {
        try
        {
            // The same person may wait twice; in the order of ids, so that two replicas writing the same people wait for one another instead of colliding.
            var people = newcomers.Select(n => n.Caller).GroupBy(c => c.UserId).Select(g => g.Last()).OrderBy(c => c.UserId).ToArray();
            await using (var work = await database.BeginAsync(tenantId, CancellationToken.None))
            {
                await work.ExecuteAsync("""
                    insert into platform.users (tenant_id, id, email)
                    select @tenantId, p.id, nullif(p.email, '') from unnest(@ids, @emails) as p (id, email)
                    on conflict (tenant_id, id) do update set email = excluded.email, updated_at = clock_timestamp()
                     where users.email is distinct from excluded.email
                    """, new { tenantId, ids = Array.ConvertAll(people, p => p.UserId), emails = Array.ConvertAll(people, p => p.Email) }, CancellationToken.None);
                await work.CommitAsync(CancellationToken.None);
            }
            if (_seen.Count >= MaxKept) _seen.Clear();
            foreach (var person in people) _seen[(tenantId, person.UserId)] = person.Email;
            foreach (var newcomer in newcomers) newcomer.Written.TrySetResult();
        }
        catch (Exception fault) when (newcomers.Count > 1 && !DatabaseFaults.IsTransient(fault))
        {
            // One person's data made it fail for all: alone, everybody gets their own answer.
            foreach (var newcomer in newcomers) await WriteAsync(tenantId, [newcomer]);
        }
        catch (Exception fault)
        {
            foreach (var newcomer in newcomers) newcomer.Written.TrySetException(fault);
        }
    }

    private sealed record Newcomer(Caller Caller)
    {
        public TaskCompletionSource Written { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
