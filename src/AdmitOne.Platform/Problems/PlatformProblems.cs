using Microsoft.AspNetCore.Http;

namespace AdmitOne.Platform.Problems;

/// <summary>Refusals that any route may answer.</summary>
public static class PlatformProblems
{
    public static readonly ProblemType InvalidJson = new("invalid_json", StatusCodes.Status400BadRequest, "The body cannot be read");
    public static readonly ProblemType InvalidParameter = new("invalid_parameter", StatusCodes.Status400BadRequest, "A parameter cannot be read");
    public static readonly ProblemType UnknownProperty = new("unknown_property", StatusCodes.Status400BadRequest, "The body has a property that is not known");
    public static readonly ProblemType IdempotencyKeyRequired = new("idempotency_key_required", StatusCodes.Status400BadRequest, "An Idempotency-Key is required");

    public static readonly ProblemType TokenMissing = new("token_missing", StatusCodes.Status401Unauthorized, "A bearer token is required");
    public static readonly ProblemType TokenInvalid = new("token_invalid", StatusCodes.Status401Unauthorized, "The token is not accepted");
    public static readonly ProblemType TokenExpired = new("token_expired", StatusCodes.Status401Unauthorized, "The token has expired");
    public static readonly ProblemType BadSignature = new("bad_signature", StatusCodes.Status401Unauthorized, "The signature does not match");
    public static readonly ProblemType StaleTimestamp = new("stale_timestamp", StatusCodes.Status401Unauthorized, "The signature is too old or too new");
    public static readonly ProblemType NonceReused = new("nonce_reused", StatusCodes.Status401Unauthorized, "The nonce was used before");

    public static readonly ProblemType RoleRequired = new("role_required", StatusCodes.Status403Forbidden, "This role may not do that");
    public static readonly ProblemType TenantSuspended = new("tenant_suspended", StatusCodes.Status403Forbidden, "This organiser is suspended");
    public static readonly ProblemType NotOwner = new("not_owner", StatusCodes.Status403Forbidden, "It belongs to somebody else");

    public static readonly ProblemType NotFound = new("not_found", StatusCodes.Status404NotFound, "There is no such thing");
    public static readonly ProblemType RouteNotFound = new("route_not_found", StatusCodes.Status404NotFound, "There is no such route");
    public static readonly ProblemType MethodNotAllowed = new("method_not_allowed", StatusCodes.Status405MethodNotAllowed, "The route has no such method");
    public static readonly ProblemType NotAcceptable = new("not_acceptable", StatusCodes.Status406NotAcceptable, "None of the accepted media types can be made");
    public static readonly ProblemType AlreadyExists = new("already_exists", StatusCodes.Status409Conflict, "It exists already");
    public static readonly ProblemType RequestInProgress = new("request_in_progress", StatusCodes.Status409Conflict, "The first request with this key is still running");
    public static readonly ProblemType VersionMismatch = new("version_mismatch", StatusCodes.Status412PreconditionFailed, "It was changed in the meantime");
    public static readonly ProblemType BodyTooLarge = new("body_too_large", StatusCodes.Status413PayloadTooLarge, "The body is too large");
    public static readonly ProblemType UriTooLong = new("uri_too_long", StatusCodes.Status414UriTooLong, "The address is too long");
    public static readonly ProblemType UnsupportedMediaType = new("unsupported_media_type", StatusCodes.Status415UnsupportedMediaType, "The body's media type is not supported");
    public static readonly ProblemType ValidationFailed = new("validation_failed", StatusCodes.Status422UnprocessableEntity, "A value breaks a rule");
    public static readonly ProblemType IdempotencyKeyReused = new("idempotency_key_reused", StatusCodes.Status422UnprocessableEntity, "This key was used for another request");
    public static readonly ProblemType IfMatchRequired = new("if_match_required", StatusCodes.Status428PreconditionRequired, "If-Match is required");
    public static readonly ProblemType HeadersTooLarge = new("headers_too_large", StatusCodes.Status431RequestHeaderFieldsTooLarge, "The headers are too large");
    public static readonly ProblemType InternalError = new("internal_error", StatusCodes.Status500InternalServerError, "Something went wrong here");
    public static readonly ProblemType Overloaded = new("overloaded", StatusCodes.Status503ServiceUnavailable, "Too much is waiting already");
    public static readonly ProblemType DependencyUnavailable = new("dependency_unavailable", StatusCodes.Status503ServiceUnavailable, "Something this depends on does not answer");

    /// <summary>One broken rule at one place.</summary>
    public static Refusal Invalid(string pointer, string message) =>
        ValidationFailed.With($"{pointer}: {message}") with { Errors = [new ValidationError(pointer, message)] };

    /// <summary>The entry for a bare status that the framework answered by itself.</summary>
    internal static ProblemType? ForStatus(int status) => status switch
    {
        StatusCodes.Status400BadRequest => InvalidJson,
        StatusCodes.Status401Unauthorized => TokenMissing,
        StatusCodes.Status403Forbidden => RoleRequired,
        StatusCodes.Status404NotFound => RouteNotFound,
        StatusCodes.Status405MethodNotAllowed => MethodNotAllowed,
        StatusCodes.Status406NotAcceptable => NotAcceptable,
        StatusCodes.Status413PayloadTooLarge => BodyTooLarge,
        StatusCodes.Status414UriTooLong => UriTooLong,
        StatusCodes.Status415UnsupportedMediaType => UnsupportedMediaType,
        StatusCodes.Status431RequestHeaderFieldsTooLarge => HeadersTooLarge,
        _ => null,
    };
}
