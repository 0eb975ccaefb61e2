using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AdmitOne.Platform.Configuration;
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

    private static readonly ProblemType s_signInSlowed = new("sign_in_slowed", StatusCodes.Status429TooManyRequests, "Too many wrong passwords for this account");
    private static readonly ProblemType s_codeInvalid = new("code_invalid", StatusCodes.Status422UnprocessableEntity, "The code does not prove this address");

    private const string CodeAlphabet = "23456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int CodeLength = 10;

    public static WebApplication Build(IConfiguration configuration) => NeighbourHost.Build(s_definition, configuration, Accounts.Tables + SignInDelays.Tables + Mailbox.Tables + SigningKeys.Tables,
        services => services
            .AddSingleton<Accounts>().AddSingleton<SignInDelays>().AddSingleton<Mailbox>()
            .AddSingleton(provider => new SigningKeys(provider.GetRequiredService<Npgsql.NpgsqlDataSource>(), provider.GetRequiredService<IConfiguration>()["AUTH_SIGNING"] ?? SecurityAlgorithms.HmacSha256))
            .AddSingleton(provider => new TokenMint(provider.GetRequiredService<IOptions<JwtOptions>>().Value, provider.GetRequiredService<TimeProvider>())),
        (v1, app) =>
        {
            var keys = app.Services.GetRequiredService<SigningKeys>();
            if (keys.Algorithm is not (SecurityAlgorithms.HmacSha256 or SecurityAlgorithms.RsaSha256 or SecurityAlgorithms.EcdsaSha256))
                throw new OptionsValidationException("AUTH_SIGNING", typeof(SigningKeys), ["AUTH_SIGNING must be HS256, RS256 or ES256."]);
            if (keys.Algorithm != SecurityAlgorithms.HmacSha256) MapKeys(app);
            if (!app.Services.GetRequiredService<IOptions<ServiceOptions>>().Value.IsProduction) MapMail(app);
            v1.MapPost("/users", SignUpAsync).AllowAnonymous().WithTags("Auth").WithName("SignUp").WithSummary("Make a customer's account")
                .WithDescription("Writes a code to the address. The answer is the same whether or not the address has an account.")
                .WithRateTier(RateTier.Global).MayRefuseWith(PlatformProblems.ValidationFailed);
            v1.MapPost("/users/verify", VerifyAsync).AllowAnonymous().WithTags("Auth").WithName("VerifyEmail").WithSummary("Prove an e-mail address by the code that was written to it")
                .WithDescription("Tokens that are got afterwards say email_verified: true.")
                .WithRateTier(RateTier.Global).CountedAsSignIn().MayRefuseWith(s_codeInvalid, PlatformProblems.AlreadyExists);
            v1.MapPost("/token", LogInAsync).AllowAnonymous().WithTags("Auth").WithName("LogIn").WithSummary("Get a bearer token for an hour")
                .WithDescription("After wrong passwords the next tries of the same account must wait: 429 sign_in_slowed says how long.")
                .WithRateTier(RateTier.Global).CountedAsSignIn().MayRefuseWith(s_loginFailed, s_signInSlowed);
        });

    /// <summary>Gives somebody an account with any role, which no route does. Repeating it changes nothing.</summary>
    /// <returns>The account's id, also if the e-mail had one before.</returns>
    public static async Task<Guid> AddUserAsync(
        WebApplication app, Guid tenantId, string email, string password, string name, string role, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(app);
        ArgumentNullException.ThrowIfNull(email);
        var accounts = app.Services.GetRequiredService<Accounts>();
        return await accounts.AddVerifiedAsync(new Account(Guid.CreateVersion7(), tenantId, Accounts.Fold(email), name, role, EmailIsVerified: true), password, cancellationToken);
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

    private static void MapMail(WebApplication app) =>
        app.MapGet("/dev/mail", (string to, Mailbox mailbox, CancellationToken cancellationToken) => mailbox.ReadAsync(to, cancellationToken))
            .AllowAnonymous().WithTags("Auth").WithName("ReadMail").WithSummary("The mails that were written to an address, newest first; not in production");

    private static async Task<TokenMint> MintAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        var keys = services.GetRequiredService<SigningKeys>();
        return keys.Algorithm == SecurityAlgorithms.HmacSha256
            ? services.GetRequiredService<TokenMint>()
            : new TokenMint(services.GetRequiredService<IOptions<JwtOptions>>().Value, services.GetRequiredService<TimeProvider>(), await keys.CurrentAsync(cancellationToken), keys.Algorithm);
    }

    private static async Task<Results<Created<UserAnswer>, Refusal>> SignUpAsync(SignUp request, Accounts accounts, Mailbox mailbox, CancellationToken cancellationToken)
    {
        if (await accounts.FindOrganiserAsync(request.Tenant, cancellationToken) is not { } tenantId)
            return PlatformProblems.Invalid("/tenant", "No organiser has this id or slug.");

        var account = new Account(Guid.CreateVersion7(), tenantId, Accounts.Fold(request.Email), request.Name, Roles.Customer, EmailIsVerified: false);
        var code = NewCode();
        await accounts.SignUpAsync(account, request.Password, code, cancellationToken);
        await WriteCodeAsync(mailbox, account.Email, code, cancellationToken);
        return TypedResults.Created((string?)null, Answer(account));
    }

    private static async Task<Results<Ok<UserAnswer>, Refusal>> VerifyAsync(VerifyEmail request, Accounts accounts, CancellationToken cancellationToken)
    {
        var (account, isTaken) = await accounts.VerifyAsync(request.Email, request.Code, cancellationToken);
        if (account is not null) return TypedResults.Ok(Answer(account));
        // Whoever has the code reads the address's mail, and may know.
        return isTaken
            ? PlatformProblems.AlreadyExists.With("This e-mail address has proved another account before: log in with that one.")
            : s_codeInvalid.With("Post the newest code that was written to this address, within a day. Signing in again writes another one.");
    }

    private static string NewCode() => RandomNumberGenerator.GetString(CodeAlphabet, CodeLength);

    private static Task WriteCodeAsync(Mailbox mailbox, string email, string code, CancellationToken cancellationToken) => mailbox.WriteAsync(email, "Your code",
        $"{code} is the code that proves this e-mail address. It is good for {Accounts.CodeLives.TotalHours} hours. If you did not sign up, do nothing.", cancellationToken);

    private static UserAnswer Answer(Account account) => new(account.Id, account.TenantId, account.Email, account.Name, account.Role, account.EmailIsVerified);

    private static async Task<Results<Ok<TokenAnswer>, Refusal>> LogInAsync(
        LogIn request, Accounts accounts, SignInDelays delays, Mailbox mailbox, HttpContext context, CancellationToken cancellationToken)
    {
        var network = ClientNetwork.Of(context);
        if (await delays.BeginAsync(request.Email, network, cancellationToken) is { } wait)
        {
            var seconds = (int)Math.Ceiling(wait.TotalSeconds);
            return s_signInSlowed.With($"GLOBAL: after wrong passwords, the next try of this account may be made in {seconds} s.").And("tier", "GLOBAL") with { RetryAfterSeconds = seconds };
        }
        if (await accounts.LogInAsync(request.Email, request.Password, cancellationToken) is not var (account, hasCode))
            return s_loginFailed.With("No account has this e-mail address and this password.");
        await delays.SucceedAsync(request.Email, network, cancellationToken);
        if (!account.EmailIsVerified && !hasCode)
        {
            var code = NewCode();
            await accounts.RenewCodeAsync(account.Id, code, cancellationToken);
            await WriteCodeAsync(mailbox, account.Email, code, cancellationToken);
        }
        context.NeverCache();
        var token = (await MintAsync(context.RequestServices, cancellationToken)).Mint(new TokenHolder(account.TenantId, account.Id, account.Role, account.Email, account.Name, account.EmailIsVerified));
        return TypedResults.Ok(new TokenAnswer(token, "Bearer", (int)TokenMint.DefaultLifetime.TotalSeconds));
    }
}

public sealed record SignUp : IValidatableObject
{
    /// <summary>The organiser's id or slug.</summary>
    [StringLength(60, MinimumLength = 1)]
    public required string Tenant { get; init; }

    [Email]
    public required string Email { get; init; }

    [StringLength(128, MinimumLength = 12)]
    public required string Password { get; init; }

    [PlainText(200)]
    public required string Name { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Email.Trim().EnumerateRunes().Any(IsUnseen)) yield return new ValidationResult("Must have no blanks and no characters that cannot be seen.", [nameof(Email)]);
        if (Password.EnumerateRunes().All(IsUnseen)) yield return new ValidationResult("Must not be blank.", [nameof(Password)]);
        var (password, email) = (Accounts.Fold(Password), Accounts.Fold(Email));
        if (password == email || password == email.Split('@')[0]) yield return new ValidationResult("Must not be the e-mail address.", [nameof(Password)]);
    }

    private static bool IsUnseen(Rune rune) => Rune.IsWhiteSpace(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.OtherNotAssigned;
}

public sealed record VerifyEmail
{
    [StringLength(320)]
    public required string Email { get; init; }

    /// <summary>As it was written to the address, in upper or lower case.</summary>
    [StringLength(40)]
    public required string Code { get; init; }
}

public sealed record LogIn
{
    [StringLength(320)]
    public required string Email { get; init; }

    [StringLength(128)]
    public required string Password { get; init; }
}

/// <param name="EmailVerified">Whether the address has been proved by a code.</param>
public sealed record UserAnswer(Guid Id, Guid TenantId, string Email, string Name, string Role, bool EmailVerified);

/// <param name="ExpiresIn">Seconds.</param>
public sealed record TokenAnswer(string AccessToken, string TokenType, int ExpiresIn);
