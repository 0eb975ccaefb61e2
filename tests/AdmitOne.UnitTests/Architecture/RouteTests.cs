using System.Collections;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text.Json.Nodes;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Idempotency;
using AdmitOne.Platform.Postgres;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Validation;

namespace AdmitOne.UnitTests.Architecture;

/// <summary>What every route must say of itself; a route that forgot is found here, not by a stranger.</summary>
public sealed class RouteTests(Services services)
{
    // What the platform maps for orchestrators, scrapers and browsers: limited by nobody, as they come from inside.
    private static readonly string[] s_unlimited = ["/health", "/metrics", "/openapi"];

    [Fact]
    public void There_are_routes_to_look_at()
    {
        Assert.Contains(services.Routes, r => r.Service == "Events" && Pattern(r.Route) == "/api/v1/events");
        Assert.Contains(services.Routes, r => r.Service == "Tickets" && Pattern(r.Route) == "/api/v1/purchases");
    }

    [Fact]
    public void Every_route_has_a_policy_or_says_that_it_is_anonymous() =>
        Findings.None(services.Routes.Where(r =>
            r.Route.Metadata.GetMetadata<IAllowAnonymous>() is null && !r.Route.Metadata.GetOrderedMetadata<IAuthorizeData>().Any(a => a.Policy is not null)).Select(Name));

    [Fact]
    public void No_route_says_both() =>
        Findings.None(services.Routes.Where(r =>
            r.Route.Metadata.GetMetadata<IAllowAnonymous>() is not null && r.Route.Metadata.GetOrderedMetadata<IAuthorizeData>().Count > 0).Select(Name));

    [Fact]
    public void Every_route_has_exactly_one_rate_tier() =>
        Findings.None(services.Routes.Where(r => !s_unlimited.Any(prefix => Pattern(r.Route).StartsWith(prefix, StringComparison.Ordinal))
            && r.Route.Metadata.Count(m => m is CountedAs) != 1).Select(Name));

    [Fact]
    public void Every_route_has_a_name_of_its_own_and_a_summary()
    {
        var ours = services.Routes.Where(r => !Pattern(r.Route).StartsWith("/openapi", StringComparison.Ordinal)).ToList();
        Findings.None(ours.Where(r => r.Route.Metadata.GetMetadata<IEndpointNameMetadata>() is null || string.IsNullOrWhiteSpace(r.Route.Metadata.GetMetadata<IEndpointSummaryMetadata>()?.Summary)).Select(Name));
        Findings.None(ours.GroupBy(r => (r.Service, r.Route.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName)).Where(same => same.Count() > 1).SelectMany(same => same.Select(Name)));
    }

    // What a POST does is committed with its answer if it is done in the handler's own Database; these do it elsewhere, or do nothing that a second call would repeat.
    private static readonly string[] s_notInTheHandlersTransaction =
    [
        "ScanTicket",   // in the door's combiner; a ticket is admitted once with or without a key
        "ResetBreakers",   // in this process's memory; closing what is closed does nothing
    ];

    [Fact]
    public void Every_post_keeps_its_answer_with_its_effect()
    {
        var elsewhere = services.Routes.Where(r => IdempotencyRoutes.AreHonouredBy(r.Route.Metadata)
                && !r.Route.Metadata.Any(word => word is NeedsIdempotencyKey or KeepsItsOwnAnswer)
                && r.Route.Metadata.GetMetadata<MethodInfo>()?.GetParameters().Any(p => p.ParameterType == typeof(Database)) != true)
            .Select(r => r.Route.Metadata.GetMetadata<IEndpointNameMetadata>()!.EndpointName).ToList();
        Findings.None(elsewhere.Except(s_notInTheHandlersTransaction));
        Findings.None(s_notInTheHandlersTransaction.Except(elsewhere));
    }

    // An internal type is silently not validated, and so is one whose route is mapped where AddValidation is not called.
    [Fact]
    public void Every_request_body_is_public_and_really_validated()
    {
        var faults = new List<string>();
        foreach (var (service, app) in services.All)
        {
            var validation = app.Services.GetRequiredService<IOptions<ValidationOptions>>().Value;
            foreach (var (_, route) in services.Routes.Where(r => r.Service == service))
            {
                var bodies = route.Metadata.GetOrderedMetadata<IAcceptsMetadata>().Select(a => a.RequestType).OfType<Type>().Where(type => type != typeof(JsonObject)).ToList();
                if (bodies.Count == 0 && route.Metadata.GetMetadata<IAcceptsMetadata>() is not null) faults.Add($"{Name((service, route))}: says of no type what its body is");
                foreach (var body in bodies)
                {
                    faults.AddRange(Unvalidated(body, body.Name, []).Select(fault => $"{Name((service, route))}: {fault}"));
#pragma warning disable ASP0029 // The framework's own lookup; its types are still marked as experimental.
                    if (!validation.TryGetValidatableTypeInfo(body, out _)) faults.Add($"{Name((service, route))}: the framework does not validate {body.Name}");
#pragma warning restore ASP0029
                }
            }
        }
        Findings.None(faults);
    }

    // These ask for the rules of their bodies themselves (DeclaredRules), and a test over HTTP sends each of them what breaks every rule.
    private static readonly string[] s_asksItself = ["ScanTicket"];

    [Fact]
    public void No_other_body_goes_without_the_frameworks_validation() => Assert.Equal(s_asksItself, services.Routes
        .Where(r => r.Route.Metadata.GetMetadata<IDisableValidationMetadata>() is not null && r.Route.Metadata.GetMetadata<IAcceptsMetadata>() is not null)
        .Select(r => r.Route.Metadata.GetMetadata<IEndpointNameMetadata>()!.EndpointName));

    // What is looked at and never stored: a code that does not open is counted, one that is typed in is looked up by its hash, the rest is not kept.
    private static readonly string[] s_textsThatAreNotStored =
    [
        "ScanRequest.Code", "OfflineScan.Code", "ActivationRequest.Code", "PaymentWebhook.Timestamp", "PaymentWebhookData.OrderId", "PaymentWebhookData.Reason", "MintResult.Reason",
    ];

    [Fact]
    public void Every_text_of_a_request_refuses_control_characters()
    {
        var texts = services.Routes.SelectMany(r => r.Route.Metadata.GetOrderedMetadata<IAcceptsMetadata>()).Select(a => a.RequestType).OfType<Type>()
            .Where(type => type != typeof(JsonObject)).SelectMany(type => Within(type, [])).Distinct().SelectMany(type => type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Where(p => p.SetMethod is not null && p.PropertyType == typeof(string)).Select(p => (Name: $"{type.Name}.{p.Name}", Takes: Rules(type, p).All(rule => rule.IsValid("a\u0007b"))))).ToList();
        Findings.None(texts.Where(text => text.Takes).Select(text => text.Name).Except(s_textsThatAreNotStored));
        Findings.None(s_textsThatAreNotStored.Except(texts.Where(text => text.Takes).Select(text => text.Name)));
    }

    private static IEnumerable<Type> Within(Type type, HashSet<Type> seen)
    {
        if (type.Namespace?.StartsWith("AdmitOne", StringComparison.Ordinal) != true || type.IsEnum || !seen.Add(type)) yield break;
        yield return type;
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var kind = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            foreach (var inner in kind.GetGenericArguments().Append(kind.GetElementType() ?? kind).SelectMany(part => Within(part, seen))) yield return inner;
        }
    }

    [Fact]
    public void An_answer_to_a_post_that_shows_a_secret_is_kept_sealed() => Findings.None(services.Routes
        .Where(r => IdempotencyRoutes.AreHonouredBy(r.Route.Metadata) && r.Route.Metadata.OfType<IProducesResponseTypeMetadata>().Any(p => p.Type is { } answer
            && answer.GetProperties().Any(property => property.Name is "Secret" or "Credential" or "ActivationCode")) && r.Route.Metadata.GetMetadata<SecretAnswer>() is null).Select(Name));

    /// <summary>Texts, numbers and lists need a rule; ids, instants, words of an enum and yes-or-no have theirs in their type.</summary>
    private static IEnumerable<string> Unvalidated(Type type, string path, HashSet<Type> seen)
    {
        if (!seen.Add(type)) yield break;
        if (!type.IsVisible) yield return $"{path} is not public";
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.GetMethod is not null && p.SetMethod is not null))
        {
            var (here, kind) = ($"{path}.{property.Name}", Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType);
            var element = kind != typeof(string) && typeof(IEnumerable).IsAssignableFrom(kind) ? kind.GetElementType() ?? kind.GetGenericArguments().LastOrDefault() : null;
            var needsRule = kind == typeof(string) || kind.IsPrimitive && kind != typeof(bool) || kind == typeof(decimal) || element is not null;
            if (needsRule && !HasRule(type, property)) yield return $"{here} has no rule";
            foreach (var inner in new[] { kind, element }.OfType<Type>().Where(t => t.Namespace?.StartsWith("AdmitOne", StringComparison.Ordinal) == true && !t.IsEnum))
                foreach (var fault in Unvalidated(inner, here, seen)) yield return fault;
        }
    }

    // A record's rule may stand on its constructor's parameter.
    private static bool HasRule(Type type, PropertyInfo property) => Rules(type, property).Any();

    private static IEnumerable<ValidationAttribute> Rules(Type type, PropertyInfo property) => property.GetCustomAttributes<ValidationAttribute>()
        .Concat(type.GetConstructors().SelectMany(c => c.GetParameters()).Where(p => p.Name == property.Name).SelectMany(p => p.GetCustomAttributes<ValidationAttribute>()))
        .Where(rule => rule is not RequiredAttribute);

    private static string Pattern(RouteEndpoint route) => "/" + route.RoutePattern.RawText?.Trim('/');

    private static string Name((string Service, RouteEndpoint Route) r) => $"{r.Service} {r.Route.DisplayName}";
}
