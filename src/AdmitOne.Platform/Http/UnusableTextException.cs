using System.Text.Json;

namespace AdmitOne.Platform.Http;

/// <summary>A text of a body has characters that no text may have. Answered 422 with the pointer to it.</summary>
/// <param name="fault">The rule that it breaks.</param>
/// <param name="below">JSON pointer from the place that the serializer names to the text; empty if that is the text.</param>
internal sealed class UnusableTextException(string fault, string below = "") : JsonException(fault)
{
    public string Fault { get; } = fault;

    public string Below { get; } = below;
}
