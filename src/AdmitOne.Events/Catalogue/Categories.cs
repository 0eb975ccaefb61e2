using AdmitOne.Platform.Postgres;

namespace AdmitOne.Events.Catalogue;

/// <summary>A heading under which events are found.</summary>
/// <param name="Own">The organiser's own, which its managers may change; the others everybody has.</param>
/// <param name="Version">Grows with each change. In quotes it is the entity tag that If-Match asks for.</param>
public sealed record Category(string Slug, string Name, bool Own, int Version);

/// <summary>The categories that everybody has, which belong to the platform's own tenant, and those that a tenant added.</summary>
public sealed class Categories(Database database)
{
    /// <summary>All fit on one page.</summary>
    public const int MaxOwn = 100;

    private const string Select =
        "select slug, name, tenant_id <> '00000000-0000-7000-8000-000000000001' as own, version from events.categories where tenant_id = @tenantId";

    private static readonly Guid s_platform = new("00000000-0000-7000-8000-000000000001");

    /// <param name="tenantId">Whose own categories come after the common ones; null for nobody's.</param>
    public async Task<IReadOnlyList<Category>> ListAsync(Guid? tenantId, CancellationToken cancellationToken)
    {
        var common = await OfAsync(s_platform, cancellationToken);
        if (tenantId is not { } own || own == s_platform) return common;
        return [.. common, .. (await OfAsync(own, cancellationToken)).ExceptBy(common.Select(c => c.Slug), c => c.Slug)];
    }

    public async Task<Category?> FindAsync(Guid tenantId, string slug, CancellationToken cancellationToken) =>
        (await ListAsync(tenantId, cancellationToken)).FirstOrDefault(c => c.Slug == slug);

    /// <summary>Keeps a category that was found from being removed until an event is in it: whoever removes one has its row locked and sees the event.</summary>
    /// <returns>False if it was removed meanwhile.</returns>
    internal static async Task<bool> KeepAsync(TenantWork work, Category category, CancellationToken cancellationToken) =>
        !category.Own || await work.FindAsync<int>("select 1 from events.categories where tenant_id = @TenantId and slug = @Slug for key share",
            new { work.TenantId, category.Slug }, cancellationToken) == 1;

    private async Task<IReadOnlyList<Category>> OfAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        return await work.QueryAsync<Category>($"{Select} order by position, slug limit {MaxOwn}", new { tenantId }, cancellationToken);
    }

    /// <summary>One of the tenant's own, locked until the transaction ends.</summary>
    internal static Task<Category?> LockOwnAsync(TenantWork work, Guid tenantId, string slug, CancellationToken cancellationToken) =>
        work.FindAsync<Category>($"{Select} and slug = @slug for update", new { tenantId, slug }, cancellationToken);
}
