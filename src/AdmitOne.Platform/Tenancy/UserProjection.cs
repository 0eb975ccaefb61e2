using System.Collections.Concurrent;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;

namespace AdmitOne.Platform.Tenancy;

/// <summary>Writes a person into <c>platform.users</c> when their verified token is first seen here, so that holds and orders can point at them.</summary>
internal sealed class UserProjection(Database database)
{
    private const int MaxKept = 200_000;

    private readonly ConcurrentDictionary<(Guid Tenant, Guid User), string> _seen = new();

    public async ValueTask EnsureAsync(Caller caller, CancellationToken cancellationToken)
    {
        if (_seen.TryGetValue((caller.TenantId, caller.UserId), out var email) && email == caller.Email) return;

        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        await work.ExecuteAsync("""
            insert into platform.users (tenant_id, id, email) values (@TenantId, @UserId, nullif(@Email, ''))
            on conflict (tenant_id, id) do update set email = excluded.email, updated_at = clock_timestamp()
             where users.email is distinct from excluded.email
            """, caller, cancellationToken);
        await work.CommitAsync(cancellationToken);

        if (_seen.Count >= MaxKept) _seen.Clear();
        _seen[(caller.TenantId, caller.UserId)] = caller.Email;
    }
}
