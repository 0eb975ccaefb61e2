using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Problems;

namespace AdmitOne.Identity.People;

internal sealed class Membership
{
    public Guid TenantId { get; init; }
    public Guid PersonId { get; init; }
    public string Role { get; init; } = "";
    public string Slug { get; init; } = "";
    public string Organiser { get; init; } = "";
}

internal sealed class Organiser
{
    public Guid TenantId { get; init; }
    public string Slug { get; init; } = "";
    public string Name { get; init; } = "";
}

/// <summary>Which organisers a person belongs to, and which of them a token is for.</summary>
internal sealed class Memberships(IdentityContext context, Accounts accounts)
{
    /// <param name="tenant">The organiser's id or slug.</param>
    public async Task<Organiser?> FindOrganiserAsync(string tenant, CancellationToken cancellationToken)
    {
        var ids = Guid.TryParse(tenant, out var id) ? new[] { id } : [];
        var found = await context.AskAsync<Organiser>("select tenant_id, slug, name from platform.organizers(@ids, @tenant)", new { ids, tenant }, cancellationToken);
        return found.FirstOrDefault(organiser => organiser.TenantId == id) ?? (found.Count > 0 ? found[0] : null);
    }

    public async Task<IReadOnlyList<Membership>> ListAsync(Guid personId, CancellationToken cancellationToken) => await context.AskAsync<Membership>("""
        select m.tenant_id, m.person_id, m.role, o.slug, o.name as organiser
          from identity.memberships m join platform.organizers((select array_agg(tenant_id) from identity.memberships where person_id = @personId), null) o on o.tenant_id = m.tenant_id
         where m.person_id = @personId order by m.created_at
        """, new { personId }, cancellationToken);

    /// <summary>
    /// The membership that a token is for: the one of <paramref name="tenant"/>, or the only one. Somebody who confirmed the address becomes a customer of an organiser
    /// by signing in there, as by signing up.
    /// </summary>
    public async Task<(Membership? Membership, Refusal? Refusal)> ChooseAsync(Person person, string? tenant, CancellationToken cancellationToken)
    {
        var all = await ListAsync(person.Id, cancellationToken);
        if (tenant is null)
            return all.Count == 1 ? (all[0], null) : (null, PlatformProblems.Invalid("/tenant", all.Count == 0
                ? "You belong to no organiser: say for which one you sign in."
                : $"You belong to several organisers: say for which one you sign in ({string.Join(", ", all.Select(m => m.Slug))})."));
        if (await FindOrganiserAsync(tenant, cancellationToken) is not { } organiser) return (null, PlatformProblems.Invalid("/tenant", "No organiser has this id or slug."));
        if (all.FirstOrDefault(m => m.TenantId == organiser.TenantId) is { } member) return (member, null);
        if (!person.EmailConfirmed) return (null, PlatformProblems.Invalid("/tenant", "You are not a customer of this organiser: sign up there, or confirm your address first."));
        await accounts.JoinAsync(person.Id, organiser.TenantId, Roles.Customer, null, cancellationToken);
        return ((await ListAsync(person.Id, cancellationToken)).FirstOrDefault(m => m.TenantId == organiser.TenantId), null);
    }
}
