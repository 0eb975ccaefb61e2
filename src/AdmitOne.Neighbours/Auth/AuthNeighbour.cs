using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Hosting;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace AdmitOne.Neighbours;

/// <summary>Signs people up and logs them in, for those who have no auth service of their own.</summary>
public static class AuthNeighbour
{
    private static readonly ServiceDefinition s_definition = NeighbourHost.Define("auth", "AdmitOne auth neighbour", 3001);
    private static readonly ProblemType s_loginFailed = new("login_failed", StatusCodes.Status401Unauthorized, "E-mail and password do not match");

    public static WebApplication Build(IConfiguration configuration) => NeighbourHost.Build(s_definition, configuration, Accounts.Tables + SigningKeys.Tables,
        services => services
            .AddSingleton<Accounts>()
            .AddSingleton(provider => new SigningKeys(provider.GetRequiredService<Npgsql.NpgsqlDataSource>(), provider.GetRequiredService<IConfiguration>()["AUTH_SIGNING"] ?? SecurityAlgorithms.HmacSha256))
            .AddSingleton(provider => new TokenMint(provider.GetRequiredService<IOptions<JwtOptions>>().Value, provider.GetRequiredService<TimeProvider>())),
        (v1, app) =>
        {
            var keys = app.Services.GetRequiredService<SigningKeys>();
            if (keys.Algorithm is not (SecurityAlgorithms.HmacSha256 or SecurityAlgorithms.RsaSha256 or SecurityAlgorithms.EcdsaSha256))
                throw new OptionsValidationException("AUTH_SIGNING", typeof(SigningKeys), ["AUTH_SIGNING must be HS256, RS256 or ES256."]);
            if (keys.Algorithm != SecurityAlgorithms.HmacSha256) MapKeys(app);
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

    /// <summary>From now on another key signs; tokens of the one before stay good.</summary>
    public static Task<string> RotateKeyAsync(WebApplication app, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(app);
        return app.Services.GetRequiredService<SigningKeys>().RotateAsync(cancellationToken);
    }

    /// <summary>A token signed as a login's would be, for anybody.</summary>
    public static async Task<string> MintAsync(WebApplication app, TokenHolder holder, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(app);
        return (await MintAsync(app.Services, cancellationToken)).Mint(holder);
    }

    private static void MapKeys(WebApplication app)
    {
        app.MapGet("/.well-known/openid-configuration", (HttpContext context, IOptions<JwtOptions> options) => new Dictionary<string, string>
        {
            ["issuer"] = options.Value.Issuer,
            ["jwks_uri"] = $"{context.Request.Scheme}://{context.Request.Host}/.well-known/jwks.json",
        }).AllowAnonymous().WithTags("Auth").WithName("Discovery").WithSummary("Where the keys are that verify tokens");
        app.MapGet("/.well-known/jwks.json", async (SigningKeys keys, CancellationToken cancellationToken) =>
                new Dictionary<string, object> { ["keys"] = await keys.PublishAsync(cancellationToken) })
            .AllowAnonymous().WithTags("Auth").WithName("Keys").WithSummary("The keys that verify tokens");
    }

    private static async Task<TokenMint> MintAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        var keys = services.GetRequiredService<SigningKeys>();
        return keys.Algorithm == SecurityAlgorithms.HmacSha256
            ? services.GetRequiredService<TokenMint>()
            : new TokenMint(services.GetRequiredService<IOptions<JwtOptions>>().Value, services.GetRequiredService<TimeProvider>(), await keys.CurrentAsync(cancellationToken), keys.Algorithm);
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
        LogIn request, Accounts accounts, HttpContext context, CancellationToken cancellationToken)
    {
        if (await accounts.LogInAsync(request.Email, request.Password, cancellationToken) is not { } account)
            return s_loginFailed.With("No account has this e-mail address and this password.");
        context.NeverCache();
        var token = (await MintAsync(context.RequestServices, cancellationToken)).Mint(new TokenHolder(account.TenantId, account.Id, account.Role, account.Email, account.Name));
        return TypedResults.Ok(new TokenAnswer(token, "Bearer", (int)TokenMint.DefaultLifetime.TotalSeconds));
    }
}

public sealed record SignUp
{
    /// <summary>The organiser's id or slug.</summary>
    [StringLength(60, MinimumLength = 1)]
    public required string Tenant { get; init; }

    [Email]
    public required string Email { get; init; }

    [StringLength(128, MinimumLength = 8)]
    public required string Password { get; init; }

    [PlainText(200)]
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
