using System.Collections.Immutable;

namespace AdmitOne.Platform.Problems;

/// <summary>One entry of the catalogue of refusals (RFC 9457). Codes are part of the contract and are never renamed.</summary>
/// <param name="Code">Stable, snake_case.</param>
/// <param name="Status">The HTTP status it is answered with.</param>
/// <param name="Title">The same words each time.</param>
public sealed record ProblemType(string Code, int Status, string Title)
{
    /// <summary>What <c>detail</c> may read like, for the API document.</summary>
    public string? Like { get; init; }

    /// <summary>Members that this problem adds, with a value of each as an example.</summary>
    public ImmutableDictionary<string, object> LikeMembers { get; init; } = ImmutableDictionary<string, object>.Empty;

    internal Refusal Example => new(this, Like ?? Title + ".")
    {
        Extensions = LikeMembers,
        Errors = this == PlatformProblems.ValidationFailed ? [new ValidationError("/items/0/quantity", "Must be between 1 and 1000000.")] : [],
    };

    /// <summary>Says what happened this time, and what to do about it.</summary>
    public Refusal With(string detail) => new(this, detail);
}

/// <summary>What one rule found wrong at one place of the request.</summary>
/// <param name="Pointer">A JSON pointer (RFC 6901) into the body, such as <c>/items/0/quantity</c>; a query parameter is <c>/limit</c>.</param>
public sealed record ValidationError(string Pointer, string Message);

/// <summary>A refusal: not a fault, and nothing was changed. Written as <c>application/problem+json</c>.</summary>
public sealed record Refusal(ProblemType Type, string Detail) : Microsoft.AspNetCore.Http.IResult
{
    public ImmutableArray<ValidationError> Errors { get; init; } = [];

    /// <summary>Members of this problem alone, such as <c>available</c> of <c>insufficient_inventory</c>.</summary>
    public ImmutableDictionary<string, object> Extensions { get; init; } = ImmutableDictionary<string, object>.Empty;

    public int? RetryAfterSeconds { get; init; }

    public Refusal And(string member, object value) => this with { Extensions = Extensions.Add(member, value) };

    /// <summary>The body of this refusal as it would be answered for a request to <paramref name="instance"/>.</summary>
    /// <param name="traceId">Names the request's trace where it is written outside of it.</param>
    public string ToJson(string instance, string? traceId = null) => System.Text.Json.JsonSerializer.Serialize(ProblemWriter.Members(this, instance, traceId), Http.Json.Answers);

    public Task ExecuteAsync(Microsoft.AspNetCore.Http.HttpContext httpContext) => ProblemWriter.WriteAsync(httpContext, this);
}
