using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Platform.Problems;

/// <summary>
/// The framework's validation writes 400 and a dictionary of C# names; the contract says 422 with JSON pointers. This is the one place
/// where the former becomes the latter.
/// </summary>
internal sealed partial class ValidationAnswers : IProblemDetailsService
{
    public async ValueTask WriteAsync(ProblemDetailsContext context) => await TryWriteAsync(context);

    public async ValueTask<bool> TryWriteAsync(ProblemDetailsContext context)
    {
        var refusal = context.ProblemDetails is HttpValidationProblemDetails { Errors.Count: > 0 } invalid
            ? Refuse(invalid.Errors)
            : PlatformProblems.ForStatus(context.HttpContext.Response.StatusCode)?.With(context.ProblemDetails.Detail ?? "The request was refused.")
              ?? PlatformProblems.InternalError.With("The fault was logged under this trace id.");
        await ProblemWriter.WriteAsync(context.HttpContext, refusal);
        return true;
    }

    internal static Refusal Refuse(IEnumerable<KeyValuePair<string, string[]>> broken)
    {
        var errors = broken.SelectMany(e => e.Value.Select(message => new ValidationError(Pointer(e.Key), Plain(message)))).ToImmutableArray();
        return PlatformProblems.ValidationFailed.With(string.Join(" ", errors.Take(3).Select(e => $"{e.Pointer}: {e.Message}"))) with { Errors = errors };
    }

    // The framework's sentences name C# members; the pointer beside them names the property already.
    private static string Plain(string message) =>
        FieldMust().Replace(message, "Must") is var plain && plain.EndsWith(" field is required.", StringComparison.Ordinal) ? "Is required." : plain
            .Replace("be a string or array type with a minimum length of", "have a length of at least", StringComparison.Ordinal)
            .Replace("be a string or array type with a maximum length of", "have a length of at most", StringComparison.Ordinal);

    [GeneratedRegex(@"^The field [\w.]{1,100} must", RegexOptions.NonBacktracking)]
    private static partial Regex FieldMust();

    /// <summary><c>Items[0].Quantity</c> becomes <c>/items/0/quantity</c> (RFC 6901).</summary>
    internal static string Pointer(string path)
    {
        var pointer = new StringBuilder();
        foreach (var part in path.Split(['.', '[', ']'], StringSplitOptions.RemoveEmptyEntries))
            pointer.Append('/').Append(JsonNamingPolicy.CamelCase.ConvertName(part));
        return pointer.ToString();
    }
}
