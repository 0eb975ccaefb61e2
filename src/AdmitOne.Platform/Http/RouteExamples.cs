using Microsoft.AspNetCore.Builder;

namespace AdmitOne.Platform.Http;

/// <summary>What the bodies of a route look like, for the API document. The values are the route's own types, so that a renamed property breaks the build.</summary>
public static class RouteExamples
{
    /// <param name="name">Tells several examples of one body apart, such as <c>reservation</c>.</param>
    public static TBuilder WithRequestExample<TBuilder>(this TBuilder route, object body, string? name = null) where TBuilder : IEndpointConventionBuilder =>
        route.WithMetadata(new RequestExample(name, body));

    /// <param name="status">Which answer looks like this; null for each that has a JSON body and no other example.</param>
    public static TBuilder WithAnswerExample<TBuilder>(this TBuilder route, object body, int? status = null, string? name = null) where TBuilder : IEndpointConventionBuilder =>
        route.WithMetadata(new AnswerExample(status, name, body));

    /// <summary>The answer carries the resource's version as its ETag.</summary>
    public static TBuilder WithEntityTag<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new AnswersEntityTag());

    /// <summary>The answer may also be a picture, or whatever these media types say.</summary>
    public static TBuilder AlsoAnswers<TBuilder>(this TBuilder route, params string[] mediaTypes) where TBuilder : IEndpointConventionBuilder =>
        route.WithMetadata(new OtherMediaTypes(mediaTypes));

    /// <summary>A page that is the last one.</summary>
    public static Page<T> OnePage<T>(params T[] items) => new(items, NextCursor: null);
}

/// <summary>One body that a route could be sent.</summary>
public sealed record RequestExample(string? Name, object Body);

/// <summary>One body that a route could answer.</summary>
public sealed record AnswerExample(int? Status, string? Name, object Body);

internal sealed record AnswersEntityTag;

internal sealed record OtherMediaTypes(IReadOnlyList<string> Names);
