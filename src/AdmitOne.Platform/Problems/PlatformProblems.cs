using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Platform.Problems;

/// <summary>Refusals that any route may answer.</summary>
public static class PlatformProblems
{
    /// <summary>The body is no JSON, lacks a required property, or has a value of the wrong type; the detail says where.</summary>
    public static readonly ProblemType InvalidJson = new("invalid_json", StatusCodes.Status400BadRequest, "The body cannot be read")
    {
        Like = "Required and missing: eventId.",
    };

    /// <summary>A query parameter has a value of the wrong kind, such as a word where a number belongs.</summary>
    public static readonly ProblemType InvalidParameter = new("invalid_parameter", StatusCodes.Status400BadRequest, "A parameter cannot be read")
    {
        Like = "The parameter from must be an instant with its offset from UTC, such as 2026-11-22T19:30:00Z or 2026-11-22T20:30:00+01:00.",
    };

    /// <summary>A query parameter is misspelt, or belongs to another route; the detail lists those that this route takes.</summary>
    public static readonly ProblemType UnknownParameter = new("unknown_parameter", StatusCodes.Status400BadRequest, "The query has a parameter that is not known")
    {
        Like = "The parameter \"limmit\" is not known; this route takes cursor, limit.",
    };

    /// <summary>A property is misspelt, or belongs to another request: nothing is ignored silently.</summary>
    public static readonly ProblemType UnknownProperty = new("unknown_property", StatusCodes.Status400BadRequest, "The body has a property that is not known")
    {
        Like = "The property \"quantitty\" is not known (at items[0]).",
    };

    /// <summary>This route does something once for each key, so it must be given one; make a new key for each thing to be done, and keep it for retries.</summary>
    public static readonly ProblemType IdempotencyKeyRequired = new("idempotency_key_required", StatusCodes.Status400BadRequest, "An Idempotency-Key is required")
    {
        Like = "Send Idempotency-Key with 8 to 255 visible ASCII characters, new for each purchase.",
    };

    /// <summary>The route is not public. Get a token from the auth service.</summary>
    public static readonly ProblemType TokenMissing = new("token_missing", StatusCodes.Status401Unauthorized, "A bearer token is required")
    {
        Like = "Send Authorization: Bearer <token>.",
    };

    /// <summary>Signature, issuer, audience, dates or claims are not accepted, or the tenant is unknown. A new login may help, another attempt does not.</summary>
    public static readonly ProblemType TokenInvalid = new("token_invalid", StatusCodes.Status401Unauthorized, "The token is not accepted")
    {
        Like = "Its signature, issuer, audience, dates or claims are not accepted.",
    };

    /// <summary>Log in again, then repeat the request.</summary>
    public static readonly ProblemType TokenExpired = new("token_expired", StatusCodes.Status401Unauthorized, "The token has expired")
    {
        Like = "Get a new token and try again.",
    };

    /// <summary>The key is another one, the call is not what was signed, or the service may not call this route.</summary>
    public static readonly ProblemType BadSignature = new("bad_signature", StatusCodes.Status401Unauthorized, "The signature does not match")
    {
        Like = "Sign service, timestamp, nonce, method, path, tenant and body with the shared key, as a service that may call this.",
    };

    /// <summary>The clocks of the two services differ by more than 60 s, or the call was held up. Check the clocks, sign again.</summary>
    public static readonly ProblemType StaleTimestamp = new("stale_timestamp", StatusCodes.Status401Unauthorized, "The signature is too old or too new")
    {
        Like = "The timestamp is more than 60 s from now.",
    };

    /// <summary>The same signed call arrived before: a replay, or a retry that was not signed anew.</summary>
    public static readonly ProblemType NonceReused = new("nonce_reused", StatusCodes.Status401Unauthorized, "The nonce was used before")
    {
        Like = "Use a new nonce for each attempt.",
    };

    /// <summary>The token is good, its role is not one that may do this.</summary>
    public static readonly ProblemType RoleRequired = new("role_required", StatusCodes.Status403Forbidden, "This role may not do that")
    {
        Like = "One of these roles may: venue_manager, admin.",
    };

    /// <summary>The platform's administrator has stopped the organiser; nothing can be done until it is resumed.</summary>
    public static readonly ProblemType TenantSuspended = new("tenant_suspended", StatusCodes.Status403Forbidden, "This organiser is suspended")
    {
        Like = "Ask the platform's administrator to resume it.",
    };

    /// <summary>It exists in the caller's tenant and is another person's.</summary>
    public static readonly ProblemType NotOwner = new("not_owner", StatusCodes.Status403Forbidden, "It belongs to somebody else")
    {
        Like = "The order is somebody else's.",
    };

    /// <summary>No such thing in the caller's tenant. What belongs to another tenant is answered like this too.</summary>
    public static readonly ProblemType NotFound = new("not_found", StatusCodes.Status404NotFound, "There is no such thing")
    {
        Like = "There is no such event.",
    };

    /// <summary>The path is none of this service's; /docs lists them.</summary>
    public static readonly ProblemType RouteNotFound = new("route_not_found", StatusCodes.Status404NotFound, "There is no such route")
    {
        Like = "GET /api/v1/evnts cannot be answered like this; /docs lists the routes.",
    };

    /// <summary>The path exists and has no such method; the Allow header names those it has.</summary>
    public static readonly ProblemType MethodNotAllowed = new("method_not_allowed", StatusCodes.Status405MethodNotAllowed, "The route has no such method")
    {
        Like = "PUT /api/v1/events cannot be answered like this; /docs lists the routes.",
    };

    /// <summary>The Accept header asks for what the route cannot make.</summary>
    public static readonly ProblemType NotAcceptable = new("not_acceptable", StatusCodes.Status406NotAcceptable, "None of the accepted media types can be made")
    {
        Like = "GET /api/v1/events cannot be answered like this; /docs lists the routes.",
    };

    /// <summary>Something of this name or code is there already; choose another.</summary>
    public static readonly ProblemType AlreadyExists = new("already_exists", StatusCodes.Status409Conflict, "It exists already")
    {
        Like = "A section of this event has this code already; a section without a code gets one made from its name.",
    };

    /// <summary>The same key is being worked on by another request. Ask again after Retry-After: the answer will be the first one's.</summary>
    public static readonly ProblemType RequestInProgress = new("request_in_progress", StatusCodes.Status409Conflict, "The first request with this key is still running")
    {
        Like = "The first request with this key is still running; ask again in a second.",
    };

    /// <summary>If-Match names an older version. Read it again, look at what changed, and repeat the edit.</summary>
    public static readonly ProblemType VersionMismatch = new("version_mismatch", StatusCodes.Status412PreconditionFailed, "It was changed in the meantime")
    {
        Like = "It is at \"4\" now; read it again and repeat your change.",
    };

    /// <summary>A body may have at most 64 KiB.</summary>
    public static readonly ProblemType BodyTooLarge = new("body_too_large", StatusCodes.Status413PayloadTooLarge, "The body is too large")
    {
        Like = "A body may have at most 64 KiB.",
    };

    /// <summary>The request line is longer than 8 KiB.</summary>
    public static readonly ProblemType UriTooLong = new("uri_too_long", StatusCodes.Status414UriTooLong, "The address is too long")
    {
        Like = "GET /api/v1/events cannot be answered like this; /docs lists the routes.",
    };

    /// <summary>Bodies are JSON in UTF-8; a patch may say application/merge-patch+json.</summary>
    public static readonly ProblemType UnsupportedMediaType = new("unsupported_media_type", StatusCodes.Status415UnsupportedMediaType, "The body's media type is not supported")
    {
        Like = "Send the body as application/json.",
    };

    /// <summary>The request can be read and a value breaks a rule; <c>errors</c> names each with a JSON pointer.</summary>
    public static readonly ProblemType ValidationFailed = new("validation_failed", StatusCodes.Status422UnprocessableEntity, "A value breaks a rule")
    {
        Like = "/items/0/quantity: Must be between 1 and 1000000.",
    };

    /// <summary>The key belongs to a request with another body. Use a new key for a new request.</summary>
    public static readonly ProblemType IdempotencyKeyReused = new("idempotency_key_reused", StatusCodes.Status422UnprocessableEntity, "This key was used for another request")
    {
        Like = "This key was used for another request body.",
    };

    /// <summary>An edit must say which version it edits: read the resource, send its ETag as If-Match.</summary>
    public static readonly ProblemType IfMatchRequired = new("if_match_required", StatusCodes.Status428PreconditionRequired, "If-Match is required")
    {
        Like = "Send If-Match with the ETag you read; it is \"3\" now.",
    };

    /// <summary>The headers have more than 16 KiB together.</summary>
    public static readonly ProblemType HeadersTooLarge = new("headers_too_large", StatusCodes.Status431RequestHeaderFieldsTooLarge, "The headers are too large")
    {
        Like = "GET /api/v1/events cannot be answered like this; /docs lists the routes.",
    };

    /// <summary>Too many calls of this kind in the window; <c>tier</c> names the limit, as RateLimit-Policy does. Wait for Retry-After: asking earlier is refused again.</summary>
    public static readonly ProblemType RateLimited = new("rate_limited", StatusCodes.Status429TooManyRequests, "Too many calls")
    {
        Like = "WRITE allows 10 calls in 60 s; the next one may be made in 23 s.",
        LikeMembers = ImmutableDictionary.CreateRange<string, object>([new("tier", "WRITE")]),
    };

    /// <summary>A fault of ours, logged under the trace id. Nothing of it is told here.</summary>
    public static readonly ProblemType InternalError = new("internal_error", StatusCodes.Status500InternalServerError, "Something went wrong here")
    {
        Like = "The fault was logged under this trace id.",
    };

    /// <summary>You, or your organisation, have as many reports, exports or packs under way as one may have. Nothing was done; try again when one of them is done.</summary>
    public static readonly ProblemType TooManyAtOnce = new("too_many_at_once", StatusCodes.Status429TooManyRequests, "Too many of these are under way")
    {
        Like = "As many of these as you or your organisation may have are being answered; try again when one of them is done.",
    };

    /// <summary>More requests wait for this than can be served in time. Try again after Retry-After; what was asked for may still be carried out, so repeat it with the same Idempotency-Key.</summary>
    public static readonly ProblemType Overloaded = new("overloaded", StatusCodes.Status503ServiceUnavailable, "Too much is waiting already")
    {
        Like = "Too many buyers are waiting for this event; try again in a moment.",
    };

    /// <summary>A store or a neighbouring service does not answer; try again after Retry-After. Repeat a purchase with the same Idempotency-Key.</summary>
    public static readonly ProblemType DependencyUnavailable = new("dependency_unavailable", StatusCodes.Status503ServiceUnavailable, "Something this depends on does not answer")
    {
        Like = "The database does not answer; try again.",
    };

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
