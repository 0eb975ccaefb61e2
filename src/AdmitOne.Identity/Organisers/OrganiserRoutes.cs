using System.ComponentModel.DataAnnotations;
using AdmitOne.Identity.Mail;
using AdmitOne.Identity.People;
using AdmitOne.Identity.Team;
using AdmitOne.Identity.Tokens;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Outbound;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Platform.Tenancy;
using AdmitOne.Platform.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Identity.Organisers;

/// <summary>New organisers and their first manager: for the platform's administrator, and for <c>admitone setup</c>.</summary>
internal static class OrganiserRoutes
{
    /// <summary>Who signs the calls of <c>admitone setup</c>.</summary>
    public const string SetupService = "admitone-setup";

    private static readonly TimeSpan s_venueTokenLifetime = TimeSpan.FromMinutes(2);

    public static void Map(IEndpointRouteBuilder v1, IEndpointRouteBuilder app)
    {
        v1.MapPost("/admin/tenants", MakeAsync).RequireAuthorization(Policies.PlatformAdmin).WithTags("Platform").WithName("MakeOrganiser")
            .WithSummary("Make an organiser and its first manager, who gets a link by mail").WithRateTier(RateTier.Admin).MayRefuseWith(PlatformProblems.AlreadyExists);
        v1.MapPost("/admin/tenants/{id}/invitations", InviteAsync).RequireAuthorization(Policies.PlatformAdmin).WithTags("Platform").WithName("InviteToOrganiser")
            .WithSummary("Invite somebody to an organiser's team, with any role").WithRateTier(RateTier.Admin).MayRefuseWith(PlatformProblems.NotFound);
        app.MapPost("/internal/v1/organisers", SetUpAsync).RequireSignedCall(SetupService).WithTags("Internal").WithName("SetUpOrganiser")
            .WithSummary("Make an organiser and its first manager, for admitone setup; one that is there stays as it is").WithRateTier(RateTier.Admin);
    }

    private static async Task<Results<Created<OrganiserResponse>, Refusal>> MakeAsync(
        NewOrganiser body, Actor actor, Setup setup, Database database, CancellationToken cancellationToken)
    {
        var made = await setup.MakeAsync(body, completes: false, actor, database, cancellationToken);
        return made.IsNew
            ? TypedResults.Created($"/api/v1/admin/tenants/{made.TenantId}", new OrganiserResponse(made.TenantId, made.Slug, made.ManagerId, made.ManagerLink?.ToString(), true))
            : PlatformProblems.AlreadyExists.With("Another organiser has this slug.");
    }

    private static async Task<Ok<SetUpOrganiserResponse>> SetUpAsync(
        NewOrganiser body, Actor actor, Setup setup, Database database, TokenIssuer tokens, HttpContext context, CancellationToken cancellationToken)
    {
        var made = await setup.MakeAsync(body, completes: true, actor, database, cancellationToken);
        var token = await tokens.MintAsync(new TokenHolder(made.TenantId, made.ManagerId ?? Guid.CreateVersion7(), Roles.VenueManager, "", EmailVerified: false), s_venueTokenLifetime, null, cancellationToken);
        context.NeverCache();
        return TypedResults.Ok(new SetUpOrganiserResponse(made.TenantId, made.Slug, made.ManagerId, made.ManagerLink?.ToString(), made.IsNew, token));
    }

    private static async Task<Results<Created<InvitationResponse>, Refusal>> InviteAsync(
        Guid id, NewInvitation body, Caller caller, Actor actor, Invitations invitations, Database database, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(id, cancellationToken);
        if (await work.FindAsync<string>("select name from platform.tenants where id = @id", new { id }, cancellationToken) is null)
            return PlatformProblems.NotFound.With("There is no such organiser.");
        var made = await invitations.MakeAsync(work, new Invited(EmailAddress.Fold(body.Email), body.Role, caller.UserId), cancellationToken);
        await work.AuditAsync(actor, new AuditEntry("invitation.create", "invitation", made.Id, null, made), cancellationToken);
        await work.CommitAsync(cancellationToken);
        return TypedResults.Created((string?)null, made);
    }
}

/// <param name="ManagerLink">Where the first manager chooses a password; null if the organiser was there before.</param>
internal sealed record SetUp(Guid TenantId, string Slug, Guid? ManagerId, Uri? ManagerLink, bool IsNew);

/// <summary>Makes an organiser, once for each slug.</summary>
internal sealed class Setup(IdentityContext context, Accounts accounts, MailCodes codes, Outgoing mail, TimeProvider clock)
{
    /// <param name="completes">An organiser that is there and never had a manager, because an earlier call was cut off, gets its manager now.</param>
    public async Task<SetUp> MakeAsync(NewOrganiser body, bool completes, Actor actor, Database database, CancellationToken cancellationToken)
    {
        if (await FindAsync(body.Slug, cancellationToken) is { } before)
        {
            var team = await context.AskAsync<Guid>("select person_id from identity.memberships where tenant_id = @before limit 1", new { before }, cancellationToken);
            return completes && team.Count == 0 ? await AddManagerAsync(before, body, cancellationToken) : new SetUp(before, body.Slug, null, null, IsNew: false);
        }
        var id = Guid.CreateVersion7(clock.GetUtcNow());
        try
        {
            // As the platform: an administrator's call with an Idempotency-Key is kept in the same transaction.
            await using var work = await database.BeginAsync(TenantDirectory.Platform, cancellationToken);
            await work.ExecuteAsync("""
                select 1 from platform.make_tenant(@id, @Slug, @Name, 1);
                select platform.describe_tenant(@id, @LegalName, @Address, @TaxNumber, @Currency, @Language, @LogoUrl);
                """, new { id, body.Slug, body.Name, body.LegalName, body.Address, body.TaxNumber, body.Currency, body.Language, body.LogoUrl }, cancellationToken);
            await work.AuditAsync(actor, new AuditEntry("tenant.create", "tenant", id, null, new { body.Slug, body.Name }), cancellationToken);
            await work.CommitAsync(cancellationToken);
        }
        catch (Npgsql.PostgresException refused) when (refused.ConstraintName == "tenants_slug_key")
        {
            return new SetUp((await FindAsync(body.Slug, cancellationToken))!.Value, body.Slug, null, null, IsNew: false);   // made by another call in this moment
        }
        return await AddManagerAsync(id, body, cancellationToken);
    }

    private async Task<SetUp> AddManagerAsync(Guid id, NewOrganiser body, CancellationToken cancellationToken)
    {
        var manager = await accounts.AddConfirmedAsync(new NewAccount(body.ManagerEmail, body.ManagerPassword ?? "", body.ManagerName ?? ""), id, Roles.Admin, cancellationToken);
        var code = await codes.IssueAsync(manager.Id, manager.Email!, Purposes.Welcome, cancellationToken);
        await mail.WriteAsync(MailTexts.Welcome(manager.Email!, body.Name, code) with { TenantId = id }, cancellationToken);
        return new SetUp(id, body.Slug, manager.Id, code.Link, IsNew: true);
    }

    private async Task<Guid?> FindAsync(string slug, CancellationToken cancellationToken)
    {
        var found = await context.AskAsync<Guid>("select tenant_id from platform.organizers(array[]::uuid[], @slug)", new { slug }, cancellationToken);
        return found.Count == 0 ? null : found[0];
    }
}

public sealed record NewOrganiser : IValidatableObject
{
    [PlainText(200)]
    public required string Name { get; init; }

    [RegularExpression("^[a-z0-9](-?[a-z0-9])*$", MatchTimeoutInMilliseconds = -1, ErrorMessage = "Use small letters, digits and single hyphens between them."), StringLength(60, MinimumLength = 1)]
    public required string Slug { get; init; }

    [Email]
    public required string ManagerEmail { get; init; }

    [PlainText(200)]
    public string? ManagerName { get; init; }

    /// <summary>Without it the manager chooses one by the mailed link.</summary>
    [StringLength(PasswordRules.MaxLength, MinimumLength = PasswordRules.MinLength)]
    public string? ManagerPassword { get; init; }

    /// <summary>As invoices name the organiser.</summary>
    [PlainText(200)]
    public string? LegalName { get; init; }

    [PlainText(500)]
    public string? Address { get; init; }

    [PlainText(60)]
    public string? TaxNumber { get; init; }

    /// <summary>ISO 4217, such as EUR.</summary>
    [RegularExpression("^[A-Z]{3}$", MatchTimeoutInMilliseconds = -1, ErrorMessage = "Must be three capital letters, such as EUR.")]
    public string? Currency { get; init; }

    /// <summary>A BCP 47 tag, such as en or nl-BE.</summary>
    [RegularExpression("^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", MatchTimeoutInMilliseconds = -1, ErrorMessage = "Must be a language tag, such as en or nl-BE.")]
    public string? Language { get; init; }

    [Url, StringLength(2000)]
    public string? LogoUrl { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (ManagerPassword is not null && PasswordRules.Fault(ManagerPassword, ManagerEmail) is { } fault) yield return new ValidationResult(fault, [nameof(ManagerPassword)]);
    }
}

/// <param name="ManagerLink">Where the first manager chooses a password; it was mailed as well.</param>
/// <param name="IsNew">False: an organiser had this slug, and nothing was changed.</param>
public sealed record OrganiserResponse(Guid TenantId, string Slug, Guid? ManagerId, string? ManagerLink, bool IsNew);

/// <param name="VenueToken">A manager's token of two minutes, with which the venue is made.</param>
public sealed record SetUpOrganiserResponse(Guid TenantId, string Slug, Guid? ManagerId, string? ManagerLink, bool IsNew, string VenueToken);
