using System.ComponentModel.DataAnnotations;
using AdmitOne.Events.Events;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace AdmitOne.Events.Catalogue;

/// <summary>A category of the organiser's own.</summary>
public sealed record NewCategory
{
    [PlainText(100)]
    public required string Name { get; init => field = value.Trim(); }

    /// <summary>a–z, 0–9 and single hyphens; made from the name if it is left out. It stays when the name changes.</summary>
    [RegularExpression("^[a-z0-9](-?[a-z0-9])*$", MatchTimeoutInMilliseconds = -1,
        ErrorMessage = "Must be of a-z, 0-9 and single hyphens.")]
    [StringLength(60, MinimumLength = 1)]
    public string? Slug { get; init; }

    /// <summary>Smaller comes first.</summary>
    [Range(0, 10_000)]
    public int Position { get; init; }
}

public static class AddCategory
{
    public static void Map(IEndpointRouteBuilder catalogue) =>
        catalogue.MapPost("/categories", HandleAsync)
            .WithName("AddCategory").WithSummary("Add a category of the organiser's own")
            .RequireAuthorization(Policies.VenueManager).WithRateTier(RateTier.Write)
            .WithRequestExample(CategoryExamples.New).WithAnswerExample(CategoryExamples.Own).WithEntityTag()
            .MayRefuseWith(PlatformProblems.AlreadyExists, PlatformProblems.ValidationFailed);

    private static async Task<Results<Created<Category>, Refusal>> HandleAsync(
        NewCategory asked, Caller caller, Actor actor, Database database, Categories categories, HttpContext context, CancellationToken cancellationToken)
    {
        var tenantId = caller.TenantId;
        var all = await categories.ListAsync(tenantId, cancellationToken);
        if (all.Count(category => category.Own) >= Categories.MaxOwn) return PlatformProblems.Invalid("", $"An organiser has at most {Categories.MaxOwn} categories.");

        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        var slug = asked.Slug ?? Shorten(Slug.Of(await work.FindAsync<string>("select normalize(@Name, NFKD)", new { asked.Name }, cancellationToken) ?? ""));
        if (all.Any(category => category.Slug == slug)) return Taken(slug);
        try
        {
            await work.ExecuteAsync("insert into events.categories (tenant_id, slug, name, position) values (@tenantId, @slug, @Name, @Position)",
                new { tenantId, slug, asked.Name, asked.Position }, cancellationToken);
        }
        catch (PostgresException broken) when (broken.ConstraintName is "categories_pkey" or "categories_name_length")
        {
            return broken.ConstraintName == "categories_pkey" ? Taken(slug) : PlatformProblems.Invalid("/name", "At most 100 characters.");
        }
        var added = (await Categories.LockOwnAsync(work, tenantId, slug, cancellationToken))!;
        await work.TellAsync("category.created", tenantId, new { slug }, cancellationToken);
        await work.AuditAsync(actor, new AuditEntry("category.create", "category", tenantId, Before: null, added), cancellationToken);
        await work.CommitAsync(cancellationToken);

        context.NeverCache();
        EntityTag.Set(context, added.Version);
        return TypedResults.Created($"/api/v1/categories/{slug}", added);
    }

    private static Refusal Taken(string slug) => PlatformProblems.AlreadyExists.With($"There is a category {slug} already; give this one another slug.");

    private static string Shorten(string slug) => (slug.Length <= 60 ? slug : slug[..60]).TrimEnd('-');
}
