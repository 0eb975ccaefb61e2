using System.Text.Json;
using System.Text.Json.Nodes;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Validation;

namespace AdmitOne.Platform.Http;

/// <summary>JSON merge patch (RFC 7396): what is named changes, null removes, what is not named stays. The result obeys the same rules as a new one.</summary>
public sealed class MergePatch(IOptions<ValidationOptions> validation, IServiceProvider services)
{
    /// <summary>Applies a patch to a resource as it was posted.</summary>
    public Task<(T? Value, Refusal? Refusal)> ApplyAsync<T>(T current, JsonObject patch, CancellationToken cancellationToken) where T : class =>
        ApplyAsync<T>((object)current, patch, cancellationToken);

    /// <summary>Applies a patch to a resource as it could have been posted.</summary>
    /// <param name="current">What is there now, as it was posted or as it is answered: what cannot be posted of it is left out.</param>
    /// <returns>The changed value, or the refusal that its rules give.</returns>
    /// <exception cref="BadHttpRequestException">The patch names unknown properties or has values of the wrong type: answered 400.</exception>
    public async Task<(T? Value, Refusal? Refusal)> ApplyAsync<T>(object current, JsonObject patch, CancellationToken cancellationToken) where T : class
    {
        ArgumentNullException.ThrowIfNull(current);
        ArgumentNullException.ThrowIfNull(patch);
        var merged = JsonSerializer.SerializeToNode(current, current.GetType(), Json.Answers)!.AsObject();
        foreach (var unposted in merged.Select(member => member.Key).Except(Json.Answers.GetTypeInfo(typeof(T)).Properties.Select(p => p.Name)).ToList()) merged.Remove(unposted);
        Merge(merged, patch);
        T value;
        try
        {
            value = merged.Deserialize<T>(Json.Requests)!;
        }
        catch (JsonException wrong)
        {
            throw new BadHttpRequestException("The patch cannot be applied.", StatusCodes.Status400BadRequest, wrong);
        }
#pragma warning disable ASP0029 // The framework's own validation, run on a value that was not bound; its types are still marked as experimental.
        if (!validation.Value.TryGetValidatableTypeInfo(typeof(T), out var rules)) throw new InvalidOperationException($"{typeof(T)} is not validated.");
        var context = new ValidateContext
        {
            ValidationOptions = validation.Value,
            ValidationContext = new System.ComponentModel.DataAnnotations.ValidationContext(value, services, items: null),
        };
#pragma warning restore ASP0029
        await rules.ValidateAsync(value, context, cancellationToken);
        return context.ValidationErrors is { Count: > 0 } broken ? (null, ValidationAnswers.Refuse(broken)) : (value, null);
    }

    private static void Merge(JsonObject target, JsonObject patch)
    {
        foreach (var (name, change) in patch)
        {
            if (change is null) target.Remove(name);
            else if (change is JsonObject inner && target[name] is JsonObject existing) Merge(existing, inner);
            else target[name] = change.DeepClone();
        }
    }
}
