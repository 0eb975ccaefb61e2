using System.ComponentModel.DataAnnotations;
using AdmitOne.Identity.Authenticators;
using AdmitOne.Identity.Mail;
using AdmitOne.Identity.People;
using AdmitOne.Identity.Tokens;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Identity.SignIn;

internal static class SignInProblems
{
    /// <summary>The address has no account, or another password. Nothing says which.</summary>
    public static readonly ProblemType LoginFailed = new("login_failed", StatusCodes.Status401Unauthorized, "E-mail and password do not match")
    {
        Like = "No account has this e-mail address and this password.",
    };

    /// <summary>After wrong passwords the next tries of the same account must wait.</summary>
    public static readonly ProblemType SignInSlowed = new("sign_in_slowed", StatusCodes.Status429TooManyRequests, "Too many wrong passwords for this account")
    {
        Like = "GLOBAL: after wrong passwords, the next try of this account may be made in 4 s.",
    };

    /// <summary>The code is not the one that was mailed, was used, is too old, or was tried too often.</summary>
    public static readonly ProblemType CodeInvalid = new("code_invalid", StatusCodes.Status422UnprocessableEntity, "The code does not prove this address")
    {
        Like = "Post the newest code that was written to this address. After ten tries in a day only the link in the mail works.",
    };
}

/// <summary>Sign-up, confirmation of addresses, sign-in and new passwords, for programs. The pages do the same for people.</summary>
internal static class SignInRoutes
{
    public static void Map(IEndpointRouteBuilder v1)
    {
        v1.MapPost("/users", SignUpAsync).AllowAnonymous().WithTags("Accounts").WithName("SignUp").WithSummary("Make a customer's account")
            .WithDescription("Mails a code to the address. The response is the same whether or not the address has an account.")
            .WithRateTier(RateTier.Global).MayRefuseWith(PlatformProblems.ValidationFailed);
        v1.MapPost("/users/verify", VerifyAsync).AllowAnonymous().WithTags("Accounts").WithName("VerifyEmail").WithSummary("Confirm an e-mail address by the code that was mailed to it")
            .WithDescription("Tokens that are issued afterwards say email_verified: true.")
            .WithRateTier(RateTier.Global).CountedAsSignIn().MayRefuseWith(SignInProblems.CodeInvalid, PlatformProblems.AlreadyExists);
        v1.MapPost("/token", LogInAsync).AllowAnonymous().WithTags("Accounts").WithName("LogIn").WithSummary("Get a bearer token for an hour")
            .WithDescription("After wrong passwords the next tries of the same account must wait: 429 sign_in_slowed says how long. An account with an authenticator app needs a code of it as well.")
            .WithRateTier(RateTier.Global).CountedAsSignIn().MayRefuseWith(SignInProblems.LoginFailed, SignInProblems.SignInSlowed, AuthenticatorProblems.CodeRequired,
                AuthenticatorProblems.CodeInvalid, PlatformProblems.ValidationFailed);
        v1.MapPost("/password-resets", AskResetAsync).AllowAnonymous().WithTags("Accounts").WithName("RequestPasswordReset").WithSummary("Mail a link and a code to choose a new password")
            .WithDescription("The response is the same whether or not the address has an account.").WithRateTier(RateTier.Global).CountedAsSignIn();
        v1.MapPost("/password-resets/confirm", ResetAsync).AllowAnonymous().WithTags("Accounts").WithName("ResetPassword").WithSummary("Choose a new password by a mailed code")
            .WithDescription("Signs the person out everywhere.").WithRateTier(RateTier.Global).CountedAsSignIn().MayRefuseWith(SignInProblems.CodeInvalid, PlatformProblems.AlreadyExists);
    }

    /// <summary>Counts the try, compares the password and says why not.</summary>
    public static async Task<(Person? Person, Refusal? Refusal)> SignInAsync(
        (string Email, string Password) credentials, Accounts accounts, SignInDelays delays, HttpContext context, CancellationToken cancellationToken)
    {
        var network = ClientNetwork.Of(context);
        if (await delays.BeginAsync(credentials.Email, network, cancellationToken) is { } wait)
        {
            var seconds = (int)Math.Ceiling(wait.TotalSeconds);
            var slowed = SignInProblems.SignInSlowed.With($"GLOBAL: after wrong passwords, the next try of this account may be made in {seconds} s.");
            return (null, slowed.And("tier", "GLOBAL") with { RetryAfterSeconds = seconds });
        }
        if (await accounts.CheckPasswordAsync(credentials.Email, credentials.Password, cancellationToken) is not { } person)
            return (null, SignInProblems.LoginFailed.With("No account has this e-mail address and this password."));
        await delays.SucceedAsync(credentials.Email, network, cancellationToken);
        return (person, null);
    }

    private static async Task<Results<Created<UserResponse>, Refusal>> SignUpAsync(SignUp request, Accounts accounts, Memberships memberships, CancellationToken cancellationToken)
    {
        if (await memberships.FindOrganiserAsync(request.Tenant, cancellationToken) is not { } organiser) return PlatformProblems.Invalid("/tenant", "No organiser has this id or slug.");
        var person = await accounts.SignUpAsync(new NewAccount(request.Email, request.Password, request.Name), organiser.TenantId, cancellationToken);
        return TypedResults.Created((string?)null, Response(person, organiser.TenantId, Roles.Customer));
    }

    private static async Task<Results<Ok<UserResponse>, Refusal>> VerifyAsync(VerifyEmail request, Accounts accounts, Memberships memberships, CancellationToken cancellationToken)
    {
        var result = await accounts.ConfirmByCodeAsync(request.Email, request.Code, null, cancellationToken);
        if (Problem(result) is { } refusal) return refusal;
        var all = await memberships.ListAsync(result.Person!.Id, cancellationToken);
        return TypedResults.Ok(all.Count > 0 ? Response(result.Person, all[0].TenantId, all[0].Role) : Response(result.Person, Guid.Empty, Roles.Customer));
    }

    private static async Task<Results<Ok<TokenResponse>, Refusal>> LogInAsync(
        LogIn request, Accounts accounts, Memberships memberships, TokenIssuer tokens, SignInDelays delays, AuthenticatorApps authenticators, HttpContext context,
        CancellationToken cancellationToken)
    {
        var (person, refusal) = await SignInAsync((request.Email, request.Password), accounts, delays, context, cancellationToken);
        if (person is null) return refusal!;
        // First of all: what the person belongs to is not said to who has the password alone.
        if (await authenticators.CheckAsync(person, request.Code, cancellationToken) is { } wrong) return wrong;
        var (membership, which) = await memberships.ChooseAsync(person, request.Tenant, cancellationToken);
        if (membership is null) return which!;
        if (!person.EmailConfirmed) await accounts.RenewCodeAsync(person, cancellationToken);
        context.NeverCache();
        return TypedResults.Ok(new TokenResponse(await tokens.IssueAsync(person, membership, Device.Of(context), cancellationToken), "Bearer", (int)TokenMint.DefaultLifetime.TotalSeconds));
    }

    private static async Task<Accepted> AskResetAsync(PasswordResetRequest request, Accounts accounts, PublicAddress address, CancellationToken cancellationToken)
    {
        await accounts.MailLinkAsync(request.Email, Purposes.Reset, address.SignUp, cancellationToken);
        return TypedResults.Accepted((string?)null);
    }

    private static async Task<Results<NoContent, Refusal>> ResetAsync(PasswordReset request, Accounts accounts, CancellationToken cancellationToken)
    {
        var result = await accounts.ResetByCodeAsync(request.Email, request.Code, request.Password, cancellationToken);
        if (result.Fault is not null) return PlatformProblems.Invalid("/password", result.Fault);
        return Problem(result) is { } refusal ? refusal : TypedResults.NoContent();
    }

    private static Refusal? Problem(CodeResult result) => result switch
    {
        { Person: not null } => null,
        // The caller has the code, so reads the address's mail, and may know.
        { IsTaken: true } => PlatformProblems.AlreadyExists.With("This e-mail address has confirmed another account before: sign in with that one."),
        _ => SignInProblems.CodeInvalid.With("Post the newest code that was written to this address. After ten tries in a day only the link in the mail works."),
    };

    private static UserResponse Response(Person person, Guid tenantId, string role) => new(person.Id, tenantId, person.Email!, person.Name, role, person.EmailConfirmed);
}

public sealed record SignUp : IValidatableObject
{
    /// <summary>The organiser's id or slug.</summary>
    [StringLength(60, MinimumLength = 1)]
    public required string Tenant { get; init; }

    [Email]
    public required string Email { get; init; }

    [StringLength(PasswordRules.MaxLength, MinimumLength = PasswordRules.MinLength)]
    public required string Password { get; init; }

    [PlainText(200)]
    public required string Name { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Email.Trim().EnumerateRunes().Any(PasswordRules.IsInvisible)) yield return new ValidationResult("Must have no blanks and no characters that cannot be seen.", [nameof(Email)]);
        if (PasswordRules.Fault(Password, Email) is { } fault) yield return new ValidationResult(fault, [nameof(Password)]);
    }
}

public sealed record VerifyEmail
{
    [StringLength(320)]
    public required string Email { get; init; }

    /// <summary>6 digits, as they were mailed.</summary>
    [StringLength(40)]
    public required string Code { get; init; }
}

public sealed record LogIn
{
    [StringLength(320)]
    public required string Email { get; init; }

    [StringLength(PasswordRules.MaxLength)]
    public required string Password { get; init; }

    /// <summary>6 digits of the account's authenticator app, or one of its recovery codes, where it has them.</summary>
    [StringLength(40)]
    public string? Code { get; init; }

    /// <summary>The organiser's id or slug. A person who belongs to one organiser may leave it out.</summary>
    [StringLength(60, MinimumLength = 1)]
    public string? Tenant { get; init; }
}

public sealed record PasswordResetRequest
{
    [StringLength(320)]
    public required string Email { get; init; }
}

public sealed record PasswordReset
{
    [StringLength(320)]
    public required string Email { get; init; }

    /// <summary>6 digits, as they were mailed.</summary>
    [StringLength(40)]
    public required string Code { get; init; }

    [StringLength(PasswordRules.MaxLength, MinimumLength = PasswordRules.MinLength)]
    public required string Password { get; init; }
}

/// <param name="EmailVerified">Whether its owner has confirmed the address.</param>
public sealed record UserResponse(Guid Id, Guid TenantId, string Email, string Name, string Role, bool EmailVerified);

/// <param name="ExpiresIn">Seconds.</param>
public sealed record TokenResponse(string AccessToken, string TokenType, int ExpiresIn);
