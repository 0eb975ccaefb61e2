using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Events.Catalogue;

/// <summary>What a caller sees of all organisers' events: everybody what is public, a manager also all that is their own.</summary>
public static class CatalogueView
{
    // Short enough that a cancelled event is seen to be so almost at once, long enough to carry a rush.
    private const int KeepSeconds = 5;

    public static Task<TenantWork> BeginAsync(Database database, Caller? caller, CancellationToken cancellationToken) =>
        OwnTenant(caller) is { } own ? database.BeginCatalogueAsync(own, cancellationToken) : database.BeginCatalogueAsync(cancellationToken);

    /// <returns>The tenant whose drafts and private events this caller sees, or null.</returns>
    public static Guid? OwnTenant(Caller? caller) => caller is { IsManager: true } ? caller.TenantId : null;

    /// <summary>Shared caches may keep what everybody sees.</summary>
    public static void SayHowLongToKeep(HttpContext context, Caller? caller)
    {
        if (OwnTenant(caller) is null) context.CacheFor(KeepSeconds);
        else context.NeverCache();
    }
}
