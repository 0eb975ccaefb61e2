using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AdmitOne.Platform.Outbox;

public sealed class OutboxMetrics
{
    private readonly Counter<long> _numbered;
    private readonly ConcurrentDictionary<string, long> _handled = new();
    private readonly ConcurrentDictionary<string, long> _failed = new();
    private readonly ConcurrentDictionary<string, (long Messages, double Seconds)> _behind = new();
    private (long Messages, double Seconds) _waiting;

    public OutboxMetrics(IMeterFactory meters, IServiceProvider services)
    {
        // Not before they are asked: consumers need what counts them.
        var consumers = new Lazy<string[]>(() => [.. services.GetServices<IHostedService>().OfType<OutboxConsumer>().Select(consumer => consumer.Name)]);
        var meter = meters.Create("AdmitOne.Outbox");
        _numbered = meter.CreateCounter<long>("admitone.outbox.numbered", "{message}", "Messages numbered by this replica.");
        meter.CreateObservableCounter("admitone.outbox.handled", () => Counts(consumers.Value, _handled), "{message}", "Messages that a consumer of this replica has handled.");
        meter.CreateObservableCounter("admitone.outbox.failed", () => Counts(consumers.Value, _failed), "{attempt}", "Attempts at handling a message that failed; it is tried again.");
        meter.CreateObservableGauge("admitone.outbox.backlog", () => _waiting.Messages, "{message}", "Messages committed and not numbered yet, of all tenants, at the last look (each 5 s).");
        meter.CreateObservableGauge("admitone.outbox.age", () => _waiting.Seconds, "s", "How long the oldest message without a number has waited.");
        meter.CreateObservableGauge("admitone.outbox.consumer.backlog", () => _behind.Select(b => new Measurement<long>(b.Value.Messages, Tag(b.Key))), "{message}", "Numbered messages that a consumer has not passed yet, at the last look (each 5 s).");
        meter.CreateObservableGauge("admitone.outbox.consumer.age", () => _behind.Select(b => new Measurement<double>(b.Value.Seconds, Tag(b.Key))), "s", "How long the oldest of them has had its number.");
        _numbered.Add(0);
    }

    internal void Numbered(int messages) => _numbered.Add(messages);

    internal void Handled(string consumer, int messages) => _handled.AddOrUpdate(consumer, messages, (_, before) => before + messages);

    internal void Failed(string consumer) => _failed.AddOrUpdate(consumer, 1, (_, attempts) => attempts + 1);

    internal void Waiting(long messages, double seconds) => _waiting = (messages, seconds);

    internal void Behind(string consumer, long messages, double seconds) => _behind[consumer] = (messages, seconds);

    private static IEnumerable<Measurement<long>> Counts(string[] consumers, ConcurrentDictionary<string, long> counts) =>
        consumers.Select(consumer => new Measurement<long>(counts.GetValueOrDefault(consumer), Tag(consumer)));

    private static KeyValuePair<string, object?> Tag(string consumer) => new("consumer", consumer);
}
