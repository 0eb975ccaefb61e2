using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Hosting;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AdmitOne.Neighbours;

/// <summary>Signs people up and logs them in, for those who have no auth service of their own.</summary>
public static class AuthNeighbour
{
    private static readonly ServiceDefinition s_definition = NeighbourHost.Define("auth", "AdmitOne auth neighbour", 3001);
    private static readonly ProblemType s_loginFailed = new("login_failed", StatusCodes.Status401Unauthorized, "E-mail and password do not match");

    public static WebApplication Build(IConfiguration configuration) => NeighbourHost.Build(s_definition, configuration, Accounts.Tables,
        services => services
            .AddSingleton<Accounts>()
            .AddSingleton(provider => new TokenMint(provider.GetRequiredService<IOptions<JwtOptions>>().Value, provider.GetRequiredService<TimeProvider>())),
        (v1, _) =>
        {
            v1.MapPost("/users", SignUpAsync).AllowAnonymous().WithTags("Auth").WithName("SignUp").WithSummary("Make a customer's account")
                .WithRateTier(RateTier.Global).MayRefuseWith(PlatformProblems.AlreadyExists);
            v1.MapPost("/token", LogInAsync).AllowAnonymous().WithTags("Auth").WithName("LogIn").WithSummary("Get a bearer token for an hour")
                .WithRateTier(RateTier.Global).MayRefuseWith(s_loginFailed);
        });

    /// <summary>Gives somebody an account with any role, which no route does. Repeating it changes nothing.</summary>
    /// <returns>The account's id, also if the e-mail had one before.</returns>
    public static async Task<Guid> AddUserAsync(
        WebApplication app, Guid tenantId, string email, string password, string name, string role, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(app);
        ArgumentNullException.ThrowIfNull(email);
        var accounts = app.Services.GetRequiredService<Accounts>();
        var account = new Account(Guid.CreateVersion7(), tenantId, Accounts.Fold(email), name, role);
        return await accounts.TryAddAsync(account, password, cancellationToken)
            ? account.Id
            : await accounts.FindIdAsync(account.Email, cancellationToken) ?? throw new InvalidOperationException($"The account of {email} went away while it was made.");
    }

    private static async Task<Results<Created<UserAnswer>, Refusal>> SignUpAsync(SignUp request, Accounts accounts, CancellationToken cancellationToken)
    {
        if (await accounts.FindOrganiserAsync(request.Tenant, cancellationToken) is not { } tenantId)
            return PlatformProblems.Invalid("/tenant", "No organiser has this id or slug.");

        var account = new Account(Guid.CreateVersion7(), tenantId, Accounts.Fold(request.Email), request.Name, Roles.Customer);
        if (!await accounts.TryAddAsync(account, request.Password, cancellationToken))
            return PlatformProblems.AlreadyExists.With("This e-mail address has an account: log in with it.");
        return TypedResults.Created((string?)null, new UserAnswer(account.Id, account.TenantId, account.Email, account.Name, account.Role));
    }

    private static async Task<Results<Ok<TokenAnswer>, Refusal>> LogInAsync(
        LogIn request, Accounts accounts, TokenMint mint, HttpContext context, CancellationToken cancellationToken)
    {
        if (await accounts.LogInAsync(request.Email, request.Password, cancellationToken) is not { } account)
            return s_loginFailed.With("No account has this e-mail address and this password.");
        context.NeverCache();
        var token = mint.Mint(new TokenHolder(account.TenantId, account.Id, account.Role, account.Email, account.Name));
        return TypedResults.Ok(new TokenAnswer(token, "Bearer", (int)TokenMint.DefaultLifetime.TotalSeconds));
    }
}

public sealed record SignUp
{
    /// <summary>The organiser's id or slug.</summary>
    [StringLength(60, MinimumLength = 1)]
    public required string Tenant { get; init; }

    [StringLength(320, MinimumLength = 3), EmailAddress]
    public required string Email { get; init; }

    [StringLength(128, MinimumLength = 8)]
    public required string Password { get; init; }

    [StringLength(200, MinimumLength = 1)]
    public required string Name { get; init; }
}

public sealed record LogIn
{
    [StringLength(320)]
    public required string Email { get; init; }

    [StringLength(128)]
    public required string Password { get; init; }
}

public sealed record UserAnswer(Guid Id, Guid TenantId, string Email, string Name, string Role);

/// <param name="ExpiresIn">Seconds.</param>
public sealed record TokenAnswer(string AccessToken, string TokenType, int ExpiresIn);
