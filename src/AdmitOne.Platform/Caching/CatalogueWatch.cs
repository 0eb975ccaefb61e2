using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Workers;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace AdmitOne.Platform.Caching;

/// <summary>
/// Listens for the notifications that triggers send with each committed change of the catalogue, on a connection of its own. PostgreSQL delivers them in
/// the order of the commits, so a beat of ours that comes back, sent over another connection, says that everything committed before it has been
/// heard. Behind a pooler that loses notifications no beat comes back, and nothing is believed longer than without this.
/// </summary>
internal sealed class CatalogueWatch(NpgsqlDataSource source, Database database, ChangeNews news, TimeProvider clock, ILogger<CatalogueWatch> logger)
    : PeriodicWorker(TimeSpan.FromMilliseconds(300), clock, logger)
{
    private const string Everything = "*";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly string _ours = $"beat:{Guid.CreateVersion7():n}:";
    private NpgsqlConnection? _connection;
    private long _heardUntil;

    // Only the loop touches the connection, its end too: a connection that is waited on cannot be closed from elsewhere.
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await base.ExecuteAsync(stoppingToken);
        }
        finally
        {
            await HangUpAsync();
        }
    }

    protected override async Task StepAsync(CancellationToken cancellationToken)
    {
        try
        {
            _connection ??= await ListenAsync(cancellationToken);
            var sentAt = news.Now();
            await database.AskForAllTenantsAsync<int>("select events.beat(@word)", new { word = $"{_ours}{sentAt}" }, cancellationToken);
            // What was told since the last step has waited on the connection, and is heard on the way to the beat.
            while (_heardUntil < sentAt)
                if (!await _connection.WaitAsync(s_patience, cancellationToken)) throw new TimeoutException("PostgreSQL's notifications do not arrive: does a pooler stand between?");
            news.HasHeardUntil(sentAt);
        }
        catch
        {
            news.ListensNoLonger();
            await HangUpAsync();
            throw;
        }
    }

    private async Task HangUpAsync()
    {
        if (_connection is not { } connection) return;
        _connection = null;
        try
        {
            // Whoever has it from the pool next must not hear what it does not ask for.
            await using var hangUp = new NpgsqlCommand("unlisten *", connection);
            await hangUp.ExecuteNonQueryAsync(CancellationToken.None);
        }
        catch (Exception fault) when (fault is NpgsqlException or InvalidOperationException)
        {
            // It is broken, and goes nowhere any more.
        }
        await connection.DisposeAsync();
    }

    private async Task<NpgsqlConnection> ListenAsync(CancellationToken cancellationToken)
    {
        var connection = await source.OpenConnectionAsync(cancellationToken);
        try
        {
            connection.Notification += (_, told) => Hear(told.Payload);
            await using var listen = new NpgsqlCommand("listen admitone_catalogue", connection);
            await listen.ExecuteNonQueryAsync(cancellationToken);
            news.ListensFromNow();
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    // Another replica's beat names nothing of ours, and no id.
    private void Hear(string payload)
    {
        if (payload.StartsWith(_ours, StringComparison.Ordinal) && long.TryParse(payload.AsSpan(_ours.Length), out var sentAt)) _heardUntil = sentAt;
        else if (payload == Everything) news.HearOfEverything();
        else
            foreach (var word in payload.Split(' '))
                if (Guid.TryParse(word, out var id)) news.Hear(id);
    }
}
