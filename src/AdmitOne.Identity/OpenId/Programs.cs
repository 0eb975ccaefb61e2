using System.ComponentModel.DataAnnotations;
using AdmitOne.Identity.People;
using AdmitOne.Identity.Team;
using AdmitOne.Identity.Tokens;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Idempotency;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using OpenIddict.Abstractions;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace AdmitOne.Identity.OpenId;

internal sealed class Program
{
    public Guid TenantId { get; init; }
    public Guid Id { get; init; }
    public string ClientId { get; init; } = "";
    public string Name { get; init; } = "";
    public string Role { get; init; } = "";
    public DateTimeOffset CreatedAt { get; init; }
}

/// <summary>An organiser's own programs.</summary>
internal sealed class Programs(IdentityContext context)
{
    private const string Columns = "tenant_id, id, client_id, name, role, created_at";

    public async Task<Program?> FindAsync(Guid id, CancellationToken cancellationToken) =>
        (await context.AskAsync<Program>($"select {Columns} from identity.programs where id = @id", new { id }, cancellationToken)).SingleOrDefault();

    public async Task<Program?> FindByClientAsync(string clientId, CancellationToken cancellationToken) =>
        (await context.AskAsync<Program>($"select {Columns} from identity.programs where client_id = @clientId", new { clientId }, cancellationToken)).SingleOrDefault();

    public Task<IReadOnlyList<Program>> ListAsync(Guid tenantId, CancellationToken cancellationToken) =>
        context.AskAsync<Program>($"select {Columns} from identity.programs where tenant_id = @tenantId order by created_at limit {Paging.MaxLimit}", new { tenantId }, cancellationToken);
}

internal static class ProgramRoutes
{
    public static void Map(IEndpointRouteBuilder v1)
    {
        var programs = v1.MapGroup("/programs").WithTags("Programs").RequireAuthorization(Policies.VenueManager);
        programs.MapGet("/", ListAsync).WithName("ListPrograms").WithSummary("Your organiser's own programs").WithRateTier(RateTier.Read);
        programs.MapPost("/", AddAsync).WithName("AddProgram").WithSummary("Add a program that gets tokens by client credentials; its secret is shown this once").WithRateTier(RateTier.Write)
            .AnswersWithASecret().MayRefuseWith(TeamProblems.AboveOwnRole);
        programs.MapDelete("/{id}", RemoveAsync).WithName("RemoveProgram").WithSummary("Remove a program and end its tokens").WithRateTier(RateTier.Write).MayRefuseWith(PlatformProblems.NotFound);
        v1.MapPost("/admin/clients", AddClientAsync).RequireAuthorization(Policies.PlatformAdmin).WithTags("Platform").WithName("AddClient")
            .WithSummary("Add a client of OpenID Connect, such as a shop, an app or a scanner: public, with PKCE or the device flow").WithRateTier(RateTier.Admin).MayRefuseWith(PlatformProblems.AlreadyExists);
    }

    private static async Task<Ok<Page<ProgramResponse>>> ListAsync(Caller caller, Programs programs, CancellationToken cancellationToken) =>
        TypedResults.Ok(new Page<ProgramResponse>([.. (await programs.ListAsync(caller.TenantId, cancellationToken)).Select(p => new ProgramResponse(p.Id, p.ClientId, p.Name, p.Role, p.CreatedAt))], null));

    private static async Task<Results<Created<NewProgramResponse>, Refusal>> AddAsync(
        NewProgram body, Caller caller, Actor actor, Database database, IOpenIddictApplicationManager applications, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (!TeamRules.MayGive(caller.Role, body.Role)) return TeamProblems.AboveOwnRole.With("A program has at most your own role, and none of administrators.");
        var (id, secret) = (Guid.CreateVersion7(clock.GetUtcNow()), MailCodes.NewKey());
        var program = new NewProgramResponse(id, $"program-{id:n}", body.Name, body.Role, secret);
        await applications.CreateAsync(new OpenIddictApplicationDescriptor
        {
            ClientId = program.ClientId, ClientSecret = secret, ClientType = ClientTypes.Confidential, DisplayName = body.Name,
            Permissions = { Permissions.Endpoints.Token, Permissions.GrantTypes.ClientCredentials },
        }, cancellationToken);
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        await work.ExecuteAsync("insert into identity.programs (tenant_id, id, client_id, name, role, created_by) values (@TenantId, @id, @ClientId, @Name, @Role, @UserId)",
            new { caller.TenantId, id, program.ClientId, body.Name, body.Role, caller.UserId }, cancellationToken);
        await work.AuditAsync(actor, new AuditEntry("program.create", "program", id, null, new { program.ClientId, body.Name, body.Role }), cancellationToken);
        await work.CommitAsync(cancellationToken);
        return TypedResults.Created((string?)null, program);
    }

    private static async Task<Results<NoContent, Refusal>> RemoveAsync(
        Guid id, Caller caller, Actor actor, Database database, IOpenIddictApplicationManager applications, Revocations revocations, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        var client = await work.FindAsync<string>("delete from identity.programs where tenant_id = @TenantId and id = @id returning client_id", new { caller.TenantId, id }, cancellationToken);
        if (client is null) return PlatformProblems.NotFound.With("Your organiser has no such program.");
        await work.AuditAsync(actor, new AuditEntry("program.delete", "program", id, new { client }, null), cancellationToken);
        await work.CommitAsync(cancellationToken);
        if (await applications.FindByClientIdAsync(client, cancellationToken) is { } application) await applications.DeleteAsync(application, cancellationToken);
        await revocations.RevokeTokensAsync(id, caller.TenantId, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Results<Created<ClientResponse>, Refusal>> AddClientAsync(
        NewClient body, Actor actor, Caller caller, Database database, IOpenIddictApplicationManager applications, CancellationToken cancellationToken)
    {
        if (await applications.FindByClientIdAsync(body.ClientId, cancellationToken) is not null) return PlatformProblems.AlreadyExists.With("Another client has this id.");
        var client = new OpenIddictApplicationDescriptor
        {
            ClientId = body.ClientId, ClientType = ClientTypes.Public, DisplayName = body.Name, ConsentType = ConsentTypes.Implicit,
            Permissions =
            {
                Permissions.Endpoints.Token, Permissions.Endpoints.Revocation, Permissions.GrantTypes.RefreshToken, Permissions.Scopes.Email, Permissions.Scopes.Profile,
            },
            Requirements = { Requirements.Features.ProofKeyForCodeExchange },
        };
        if (body.RedirectUris.Count > 0) client.Permissions.UnionWith([Permissions.Endpoints.Authorization, Permissions.GrantTypes.AuthorizationCode, Permissions.ResponseTypes.Code]);
        if (body.IsDevice) client.Permissions.UnionWith([Permissions.Endpoints.DeviceAuthorization, Permissions.GrantTypes.DeviceCode]);
        foreach (var uri in body.RedirectUris) client.RedirectUris.Add(uri);
        await applications.CreateAsync(client, cancellationToken);
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        await work.AuditAsync(actor, new AuditEntry("client.create", "client", Guid.CreateVersion7(), null, body), cancellationToken);
        await work.CommitAsync(cancellationToken);
        return TypedResults.Created((string?)null, new ClientResponse(body.ClientId, body.Name, body.RedirectUris, body.IsDevice));
    }
}

public sealed record NewProgram
{
    [PlainText(200)]
    public required string Name { get; init; }

    [AllowedValues(Roles.Customer, Roles.VenueStaff, Roles.VenueManager, Roles.Admin, ErrorMessage = "Must be customer, venue_staff or venue_manager.")]
    public required string Role { get; init; }
}

public sealed record NewClient : IValidatableObject
{
    [RegularExpression("^[a-z0-9][a-z0-9._-]{2,99}$", MatchTimeoutInMilliseconds = -1, ErrorMessage = "Use 3 to 100 small letters, digits, full stops, hyphens and underscores.")]
    public required string ClientId { get; init; }

    [PlainText(200)]
    public required string Name { get; init; }

    /// <summary>Where people are sent back to. Only a device needs none.</summary>
    [MaxLength(20)]
    public IReadOnlyList<Uri> RedirectUris { get; init; } = [];

    /// <summary>A scanner or a command line, which has no browser of its own: it may use the device flow.</summary>
    public bool IsDevice { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (RedirectUris.Count == 0 && !IsDevice) yield return new ValidationResult("Must have at least one address, unless the client is a device.", [nameof(RedirectUris)]);
        if (RedirectUris.Any(uri => !uri.IsAbsoluteUri || uri.Fragment.Length > 0 || !(uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback))))
            yield return new ValidationResult("Must be https addresses, or http on this machine, without a fragment.", [nameof(RedirectUris)]);
    }
}

public sealed record ProgramResponse(Guid Id, string ClientId, string Name, string Role, DateTimeOffset CreatedAt);

/// <param name="Secret">Shown this once.</param>
public sealed record NewProgramResponse(Guid Id, string ClientId, string Name, string Role, string Secret);

public sealed record ClientResponse(string ClientId, string Name, IReadOnlyList<Uri> RedirectUris, bool IsDevice);
