using AdmitOne.Platform.Postgres;

namespace AdmitOne.Events.Catalogue;

/// <summary>A heading under which events are found.</summary>
public sealed record Category(string Slug, string Name);

/// <summary>The categories that everybody has, which belong to the platform's own tenant, and those that a tenant added.</summary>
public sealed class Categories(Database database)
{
    private static readonly Guid s_platform = new("00000000-0000-7000-8000-000000000001");

    /// <param name="tenantId">Whose own categories come after the common ones; null for nobody's.</param>
    public async Task<IReadOnlyList<Category>> ListAsync(Guid? tenantId, CancellationToken cancellationToken)
    {
        var common = await OfAsync(s_platform, cancellationToken);
        if (tenantId is not { } own || own == s_platform) return common;
        return [.. common, .. (await OfAsync(own, cancellationToken)).ExceptBy(common.Select(c => c.Slug), c => c.Slug)];
    }

    public async Task<bool> ExistsAsync(Guid tenantId, string slug, CancellationToken cancellationToken) =>
        (await ListAsync(tenantId, cancellationToken)).Any(c => c.Slug == slug);

    private async Task<IReadOnlyList<Category>> OfAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        return await work.QueryAsync<Category>(
            "select slug, name from events.categories where tenant_id = @tenantId order by position, slug", new { tenantId }, cancellationToken);
    }
}
