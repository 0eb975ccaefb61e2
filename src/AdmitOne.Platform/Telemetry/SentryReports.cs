using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Platform.Telemetry;

/// <summary>
/// Reports to Sentry what is logged as an error with its exception. Nothing ever waits for it: a fault is put in line or dropped, one task
/// sends, and an answer of 429 or a failure makes a pause in which what arrives is dropped and counted.
/// </summary>
internal sealed class SentryReports : ILoggerProvider, IAsyncDisposable
{
    private const int MostWaiting = 100;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_lastWords = TimeSpan.FromSeconds(2);

    private readonly Channel<Fault> _waiting = Channel.CreateBounded<Fault>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly SentryAddress? _address;
    private readonly Reporter _reporter;
    private readonly Lazy<SentryMetrics> _metrics;
    private readonly TimeProvider _clock;
    private readonly HttpClient? _http;
    private readonly Task _sending = Task.CompletedTask;
    private long _pausedAt;
    private TimeSpan _pause;
    private int _failures;

    public SentryReports(SentryAddress? address, Reporter reporter, Lazy<SentryMetrics> metrics, TimeProvider clock)
    {
        (_address, _reporter, _metrics, _clock) = (address, reporter, metrics, clock);
        if (address is null) return;
        // No spans of its own, no proxies' credentials, no redirects: a report goes where it was told or nowhere.
        _http = new HttpClient(new SocketsHttpHandler { ActivityHeadersPropagator = null, AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) }) { Timeout = s_patience };
        _sending = Task.Run(SendAllAsync);
    }

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose() => DisposeAsync().AsTask().Wait(s_lastWords);

    public async ValueTask DisposeAsync()
    {
        if (!_waiting.Writer.TryComplete()) return;
        await Task.WhenAny(_sending, Task.Delay(s_lastWords));
        await _stop.CancelAsync();
        await _sending;
        _http?.Dispose();
        _stop.Dispose();
    }

    private void Add(Fault fault)
    {
        if (!_waiting.Writer.TryWrite(fault)) _metrics.Value.Dropped();
    }

    private async Task SendAllAsync()
    {
        await foreach (var fault in _waiting.Reader.ReadAllAsync())
        {
            if (_stop.IsCancellationRequested || _clock.GetElapsedTime(_pausedAt) < _pause)
            {
                _metrics.Value.Dropped();
                continue;
            }
            try
            {
                await SendAsync(fault);
            }
            catch (Exception away) when (away is HttpRequestException or OperationCanceledException)
            {
                _metrics.Value.Refused();
                Pause(null);
            }
        }
    }

    private async Task SendAsync(Fault fault)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _address!.Envelopes) { Content = new ByteArrayContent(FaultEnvelope.Write(fault, _reporter)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-sentry-envelope");
        request.Headers.TryAddWithoutValidation("X-Sentry-Auth", $"Sentry sentry_version=7, sentry_client=admitone/{_reporter.Release}, sentry_key={_address.PublicKey}");
        using var answer = await _http!.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, _stop.Token);
        if (answer.IsSuccessStatusCode)
        {
            _failures = 0;
            _metrics.Value.Sent();
            return;
        }
        _metrics.Value.Refused();
        if (answer.StatusCode == HttpStatusCode.TooManyRequests) Pause(answer.Headers.RetryAfter?.Delta ?? s_longestPause);
        else if ((int)answer.StatusCode >= 500) Pause(null);
    }

    /// <param name="asked">How long Sentry asked for; null doubles the pause with each failure, from one second to a minute.</param>
    private void Pause(TimeSpan? asked)
    {
        _pause = asked ?? TimeSpan.FromSeconds(Math.Min(s_longestPause.TotalSeconds, Math.Pow(2, Math.Min(_failures++, 6))));
        _pausedAt = _clock.GetTimestamp();
    }

    private sealed class Logger(SentryReports reports, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error && logLevel != LogLevel.None && reports._address is not null;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (exception is null || !IsEnabled(logLevel)) return;
            var template = (state as IReadOnlyList<KeyValuePair<string, object?>>)?.FirstOrDefault(value => value.Key == "{OriginalFormat}").Value as string;
            reports.Add(new Fault(exception, category, eventId.Id, template ?? category, RouteOfRequest.Current, Activity.Current?.Context ?? default, reports._clock.GetUtcNow()));
        }
    }
}
