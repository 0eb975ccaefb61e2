using System.ComponentModel.DataAnnotations;
using AdmitOne.Identity.People;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Idempotency;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Identity.Authenticators;

internal static class AuthenticatorProblems
{
    /// <summary>The account has an authenticator app: a code of it is needed beside the password.</summary>
    public static readonly ProblemType CodeRequired = new("authenticator_code_required", StatusCodes.Status401Unauthorized, "A code of the authenticator app is needed")
    {
        Like = "Post a code of the account's authenticator app, or one of its recovery codes, as code.",
    };

    /// <summary>The code is none of the account's authenticator app, was used, or is too old; or it is no recovery code.</summary>
    public static readonly ProblemType CodeInvalid = new("authenticator_code_invalid", StatusCodes.Status401Unauthorized, "The code of the authenticator app is not accepted")
    {
        Like = "Each code is good once, for its half minute. After ten wrong ones in a day only recovery codes and passkeys sign in.",
    };
}

/// <summary>A person's own authenticator app, for programs. The page <c>/account</c> does the same.</summary>
internal static class AuthenticatorRoutes
{
    public static void Map(IEndpointRouteBuilder v1)
    {
        var mine = v1.MapGroup("/me/authenticator").WithTags("My account").RequireAuthorization(Policies.Customer);
        mine.MapGet("/", ShowAsync).WithName("ShowAuthenticator").WithSummary("Whether sign-in asks for a code of your authenticator app").WithRateTier(RateTier.Read);
        mine.MapPost("/", EnrolAsync).WithName("EnrolAuthenticator").WithSummary("Make the key of a new authenticator app")
            .WithDescription("Nothing asks for its codes before one is posted to /confirm. A key that was not confirmed is replaced.")
            .WithRateTier(RateTier.Write).AnswersWithASecret().MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.AlreadyExists);
        mine.MapPost("/confirm", ConfirmAsync).WithName("ConfirmAuthenticator").WithSummary("Confirm the authenticator app by a code; shows recovery codes, this once")
            .WithRateTier(RateTier.Write).AnswersWithASecret().MayRefuseWith(PlatformProblems.NotFound, AuthenticatorProblems.CodeInvalid);
        mine.MapPost("/remove", RemoveAsync).WithName("RemoveAuthenticator").WithSummary("Remove the authenticator app by one of its codes or a recovery code")
            .WithRateTier(RateTier.Write).MayRefuseWith(PlatformProblems.NotFound, AuthenticatorProblems.CodeInvalid, AuthenticatorProblems.CodeRequired);
    }

    private static async Task<Ok<AuthenticatorResponse>> ShowAsync(Caller caller, HttpContext context, AuthenticatorApps authenticators, CancellationToken cancellationToken)
    {
        context.NeverCache();
        var left = await authenticators.CountRecoveryCodesAsync(caller.UserId, cancellationToken);
        return TypedResults.Ok(new AuthenticatorResponse(left is not null, left ?? 0));
    }

    private static async Task<Results<Ok<NewAuthenticatorResponse>, Refusal>> EnrolAsync(
        Caller caller, HttpContext context, Accounts accounts, AuthenticatorApps authenticators, CancellationToken cancellationToken)
    {
        if (await accounts.FindAsync(caller.UserId, cancellationToken) is not { } person) return NoAccount();
        if (await authenticators.EnrolAsync(person, cancellationToken) is not { } made) return PlatformProblems.AlreadyExists.With("Your account has an authenticator app: remove it first.");
        context.NeverCache();
        return TypedResults.Ok(new NewAuthenticatorResponse(made.Secret, made.Uri));
    }

    private static async Task<Results<Ok<RecoveryCodesResponse>, Refusal>> ConfirmAsync(
        AuthenticatorCode body, Caller caller, HttpContext context, Accounts accounts, AuthenticatorApps authenticators, CancellationToken cancellationToken)
    {
        if (await accounts.FindAsync(caller.UserId, cancellationToken) is not { } person) return NoAccount();
        if (await authenticators.ConfirmAsync(person, body.Code, cancellationToken) is not { } codes)
            return AuthenticatorProblems.CodeInvalid.With("This is not a code of the key that was made last, or it was confirmed before.");
        context.NeverCache();
        return TypedResults.Ok(new RecoveryCodesResponse(codes));
    }

    private static async Task<Results<NoContent, Refusal>> RemoveAsync(
        AuthenticatorCode body, Caller caller, Accounts accounts, AuthenticatorApps authenticators, CancellationToken cancellationToken)
    {
        if (await accounts.FindAsync(caller.UserId, cancellationToken) is not { } person) return NoAccount();
        return await authenticators.RemoveAsync(person, body.Code, cancellationToken) is { } refusal ? refusal : TypedResults.NoContent();
    }

    private static Refusal NoAccount() => PlatformProblems.NotFound.With("Your token is not of an account that is kept here.");
}

public sealed record AuthenticatorCode
{
    /// <summary>6 digits of the app; to remove it, also a recovery code.</summary>
    [StringLength(40, MinimumLength = 1)]
    public required string Code { get; init; }
}

/// <param name="IsOn">Whether sign-in asks for its codes.</param>
public sealed record AuthenticatorResponse(bool IsOn, int RecoveryCodesLeft);

/// <param name="Secret">Base32.</param>
/// <param name="Uri">The same as an otpauth: address; as a QR code, apps read it.</param>
public sealed record NewAuthenticatorResponse(string Secret, string Uri);

/// <param name="RecoveryCodes">Each signs in once without the app.</param>
public sealed record RecoveryCodesResponse(IReadOnlyList<string> RecoveryCodes);
