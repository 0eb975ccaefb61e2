using AdmitOne.Platform.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace AdmitOne.Platform.Caching;

/// <summary>
/// Listens for the notifications that triggers send with each committed change of the catalogue, on a connection of its own. PostgreSQL delivers them in
/// the order of the commits, so a beat of ours that comes back, sent over another connection, says that everything committed before it has been
/// heard. Behind a pooler that loses notifications no beat comes back, and nothing is believed longer than without this.
/// </summary>
internal sealed partial class CatalogueWatch(NpgsqlDataSource source, Database database, ChangeNews news, TimeProvider clock, ILogger<CatalogueWatch> logger) : BackgroundService
{
    private const string Everything = "*";
    private const string BeatWord = "beat:";

    private static readonly TimeSpan s_beat = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly string _ours = $"{BeatWord}{Guid.CreateVersion7():n}:";
    private long _heardAt;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(stoppingToken);
            }
            catch (Exception fault) when (fault is NpgsqlException or TimeoutException or InvalidOperationException or OperationCanceledException)
            {
                if (!stoppingToken.IsCancellationRequested) Lost(logger, fault);
            }
            finally
            {
                news.ListensNoLonger();
            }
            await Task.Delay(s_patience, clock, stoppingToken).ContinueWith(static _ => { }, TaskScheduler.Default);
        }
    }

    private async Task ListenAsync(CancellationToken stoppingToken)
    {
        await using var connection = await source.OpenConnectionAsync(stoppingToken);
        connection.Notification += (_, told) => Hear(told.Payload);
        await using (var listen = new NpgsqlCommand("listen admitone_catalogue", connection)) await listen.ExecuteNonQueryAsync(stoppingToken);
        _heardAt = news.Now();
        news.ListensFromNow();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        var beating = BeatAsync(over.Token);
        var waiting = WaitAsync(connection, over.Token);
        var ended = await Task.WhenAny(beating, waiting);
        await over.CancelAsync();
        await Task.WhenAll(beating, waiting).ContinueWith(static _ => { }, TaskScheduler.Default);   // the connection may not be given back while it is read
        await ended;
    }

    private static async Task WaitAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        while (true) await connection.WaitAsync(cancellationToken);
    }

    private async Task BeatAsync(CancellationToken cancellationToken)
    {
        using var beat = new PeriodicTimer(s_beat, clock);
        do
        {
            await database.AskForAllTenantsAsync<int>("select events.beat(@word)", new { word = $"{_ours}{news.Now()}" }, cancellationToken);
            if (news.Now() - Volatile.Read(ref _heardAt) > s_patience.Ticks) throw new TimeoutException("PostgreSQL's notifications do not arrive.");
        }
        while (await beat.WaitForNextTickAsync(cancellationToken));
    }

    private void Hear(string payload)
    {
        if (payload.StartsWith(_ours, StringComparison.Ordinal) && long.TryParse(payload.AsSpan(_ours.Length), out var sentAt))
        {
            Volatile.Write(ref _heardAt, sentAt);
            news.HasHeardUntil(sentAt);
        }
        else if (payload == Everything)
        {
            news.HearOfEverything();
        }
        else if (!payload.StartsWith(BeatWord, StringComparison.Ordinal))
        {
            foreach (var word in payload.Split(' '))
                if (Guid.TryParse(word, out var id)) news.Hear(id);
        }
    }

    [LoggerMessage(EventId = 1207, Level = LogLevel.Information, Message = "Changes of the catalogue are not heard from PostgreSQL; answers are remembered for a second until they are.")]
    private static partial void Lost(ILogger logger, Exception fault);
}
