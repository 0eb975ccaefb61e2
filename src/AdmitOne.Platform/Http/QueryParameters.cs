using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using AdmitOne.Platform.Problems;
using AdmitOne.Platform.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Platform.Http;

/// <summary>
/// Checks the query string of every API route before its handler binds it: a parameter that the route does not take is refused, as an
/// unknown property of a body is, texts may have the characters that a body's may, and instants name their offset.
/// </summary>
internal sealed class QueryParameters(RequestDelegate next)
{
    private static readonly string[] s_checked = ["api/", "internal/", "health/circuit-breakers"];

    // What a route takes follows from its handler, and is found out with its first query string.
    private static readonly ConditionalWeakTable<Endpoint, FrozenDictionary<string, QueryParameter>> s_taken = [];

    public Task InvokeAsync(HttpContext context) =>
        context.Request.QueryString.HasValue && context.GetEndpoint() is RouteEndpoint endpoint && AreChecked(endpoint.RoutePattern.RawText)
        && Refuse(context.Request.Query, Taken(endpoint)) is { } refusal
            ? ProblemWriter.WriteAsync(context, refusal)
            : next(context);

    /// <returns>What the route takes by this name, in any case; null if it takes nothing.</returns>
    public static QueryParameter? Find(Endpoint? endpoint, string name) =>
        endpoint is RouteEndpoint route ? Taken(route).GetValueOrDefault(name) : null;

    /// <summary>
    /// Whether routes of this pattern are checked: those of the API, and those of other services and of operators. A probe of health may
    /// have any query.
    /// </summary>
    public static bool AreChecked(string? pattern) =>
        pattern?.TrimStart('/') is { } path && s_checked.Any(prefix => path.StartsWith(prefix, StringComparison.Ordinal));

    private static FrozenDictionary<string, QueryParameter> Taken(RouteEndpoint endpoint) =>
        s_taken.GetValue(endpoint, static asked => Read((RouteEndpoint)asked));

    private static Refusal? Refuse(IQueryCollection query, FrozenDictionary<string, QueryParameter> taken)
    {
        var broken = ImmutableArray.CreateBuilder<ValidationError>();
        foreach (var (name, values) in query)
        {
            if (!taken.TryGetValue(name, out var parameter))
                return PlatformProblems.UnknownParameter.With($"The parameter \"{Shown(name)}\" is not known; {Known(taken)}.");
            foreach (var value in values)
            {
                if (value is null) continue;
                if (UnicodeText.Fault(value) is { } fault) broken.Add(new ValidationError("/" + JsonPointer.Escape(parameter.Name), fault));
                else if (IsInstant(parameter.Type) && value.Length > 0 && !Instant.TryParse(value, out _))
                    return UnreadableRequest.WrongParameter(parameter);
            }
        }
        if (broken.Count == 0) return null;
        var detail = string.Join(" ", broken.Select(error => $"{error.Pointer}: {error.Message}"));
        return PlatformProblems.ValidationFailed.With(detail) with { Errors = broken.ToImmutable() };
    }

    private static bool IsInstant(Type type) => (Nullable.GetUnderlyingType(type) ?? type) == typeof(DateTimeOffset);

    private static string Known(FrozenDictionary<string, QueryParameter> taken) =>
        taken.Count == 0 ? "this route takes none" : "this route takes " + string.Join(", ", taken.Keys.Order(StringComparer.Ordinal));

    // A name may be anything; what is shown of it is short and harmless.
    private static string Shown(string name) => string.Concat(name.Take(60).Select(c => c is >= ' ' and <= '~' and not '"' ? c : '?'));

    private static FrozenDictionary<string, QueryParameter> Read(RouteEndpoint endpoint) => endpoint.Metadata
        .OfType<IParameterBindingMetadata>()
        .Select(parameter => (Name: NameInQuery(parameter, endpoint), parameter.ParameterInfo.ParameterType))
        .Where(parameter => parameter.Name is not null)
        .GroupBy(parameter => parameter.Name!, StringComparer.OrdinalIgnoreCase)
        .Select(same => new QueryParameter(same.Key, same.First().ParameterType))
        .ToFrozenDictionary(parameter => parameter.Name, StringComparer.OrdinalIgnoreCase);

    // As the framework decides where a parameter comes from.
    private static string? NameInQuery(IParameterBindingMetadata parameter, RouteEndpoint endpoint)
    {
        var attributes = parameter.ParameterInfo.GetCustomAttributes(inherit: true);
        if (attributes.OfType<IFromQueryMetadata>().FirstOrDefault() is { } named) return named.Name ?? parameter.Name;
        if (parameter.HasBindAsync || attributes.Any(IsFromElsewhere)) return null;
        var isSimple = parameter.HasTryParse || parameter.ParameterInfo.ParameterType == typeof(string)
            || parameter.ParameterInfo.ParameterType == typeof(string[]);
        return isSimple && endpoint.RoutePattern.GetParameter(parameter.Name) is null ? parameter.Name : null;
    }

    private static bool IsFromElsewhere(object attribute) =>
        attribute is IFromRouteMetadata or IFromHeaderMetadata or IFromBodyMetadata or IFromServiceMetadata or IFromFormMetadata;
}

/// <summary>A parameter that a route takes from the query.</summary>
internal sealed record QueryParameter(string Name, Type Type);
