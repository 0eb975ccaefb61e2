using System.Text.Json;

namespace AdmitOne.Platform.Outbox;

/// <summary>One message of a tenant, in its place.</summary>
/// <param name="Sequence">1, 2, 3, … for each tenant, without gaps, in the order of the commits.</param>
/// <param name="Type">A word of <c>docs/messages.md</c>.</param>
public sealed record OutboxMessage(Guid Id, long Sequence, string Type, DateTimeOffset OccurredAt, Guid ResourceId, JsonElement Data)
{
    /// <summary>The trace of what caused it (W3C <c>traceparent</c>); null if that is not recorded.</summary>
    public string? TraceParent { get; init; }
}

/// <summary>As it is read: Dapper fills it.</summary>
internal sealed class OutboxRow
{
    public Guid Id { get; init; }
    public long Sequence { get; init; }
    public string Type { get; init; } = "";
    public DateTimeOffset OccurredAt { get; init; }
    public Guid ResourceId { get; init; }
    public string Data { get; init; } = "{}";
    public string? TraceParent { get; init; }

    public OutboxMessage ToMessage()
    {
        using var data = JsonDocument.Parse(Data);
        return new OutboxMessage(Id, Sequence, Type, OccurredAt, ResourceId, data.RootElement.Clone()) { TraceParent = TraceParent };
    }
}
