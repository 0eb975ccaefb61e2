using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace AdmitOne.Platform.Outbox;

public sealed class OutboxMetrics
{
    private readonly Counter<long> _numbered;
    private readonly Counter<long> _handled;
    private readonly Counter<long> _failed;
    private readonly ConcurrentDictionary<string, (long Messages, double Seconds)> _behind = new();
    private (long Messages, double Seconds) _waiting;

    public OutboxMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("AdmitOne.Outbox");
        _numbered = meter.CreateCounter<long>("admitone.outbox.numbered", "{message}", "Messages numbered by this replica.");
        _handled = meter.CreateCounter<long>("admitone.outbox.handled", "{message}", "Messages that a consumer of this replica has handled.");
        _failed = meter.CreateCounter<long>("admitone.outbox.failed", "{attempt}", "Attempts at handling a message that failed; it is tried again.");
        meter.CreateObservableGauge("admitone.outbox.backlog", () => _waiting.Messages, "{message}", "Messages committed and not numbered yet, of all tenants, at the last look (each 5 s).");
        meter.CreateObservableGauge("admitone.outbox.age", () => _waiting.Seconds, "s", "How long the oldest message without a number has waited.");
        meter.CreateObservableGauge("admitone.outbox.consumer.backlog", () => _behind.Select(b => new Measurement<long>(b.Value.Messages, Tag(b.Key))), "{message}", "Numbered messages that a consumer has not passed yet.");
        meter.CreateObservableGauge("admitone.outbox.consumer.age", () => _behind.Select(b => new Measurement<double>(b.Value.Seconds, Tag(b.Key))), "s", "How long the oldest of them has had its number.");
        _numbered.Add(0);
    }

    internal void Numbered(int messages) => _numbered.Add(messages);

    internal void Handled(string consumer) => _handled.Add(1, Tag(consumer));

    internal void Failed(string consumer) => _failed.Add(1, Tag(consumer));

    internal void Waiting(long messages, double seconds) => _waiting = (messages, seconds);

    internal void Behind(string consumer, long messages, double seconds)
    {
        if (_behind.TryAdd(consumer, (messages, seconds)))
        {
            _handled.Add(0, Tag(consumer));
            _failed.Add(0, Tag(consumer));
        }
        _behind[consumer] = (messages, seconds);
    }

    private static KeyValuePair<string, object?> Tag(string consumer) => new("consumer", consumer);
}
