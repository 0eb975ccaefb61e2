using AdmitOne.Platform.Redis;

namespace AdmitOne.Platform.Outbox;

/// <summary>
/// What makes the outbox quick: its workers would find their work by looking for it, only later. A message told here wakes the sequencer of
/// this process; numbers given anywhere wake the consumers of every process, over Redis.
/// </summary>
public sealed class OutboxBells(RedisStore redis)
{
    private const string Channel = "admitone:numbered";

    /// <summary>Rung when a message has been committed in this process.</summary>
    public Bell Told { get; } = new();

    /// <summary>Rung when messages have been numbered, here or elsewhere.</summary>
    public Bell Numbered { get; } = new();

    internal Task ListenAsync() => redis.SubscribeAsync(Channel, _ => Numbered.Ring());

    internal async Task RingNumberedAsync()
    {
        Numbered.Ring();
        await redis.PublishAsync(Channel, "");
    }
}
