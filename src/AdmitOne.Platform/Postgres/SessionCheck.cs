using Dapper;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace AdmitOne.Platform.Postgres;

/// <summary>The server behind DB_HOST cannot be used; the message says why and what to do.</summary>
internal sealed class UnusableServerException(string message) : Exception(message);

/// <summary>
/// Refuses to work through a pooler that gives each transaction another session. Prepared statements, settings and locks belong to a session: through such a pooler a
/// statement may run that another session prepared. It looks before the service listens; if the server is away then, until it has looked.
/// </summary>
internal sealed partial class SessionCheck(NpgsqlDataSource source, IHostApplicationLifetime lifetime, TimeProvider clock, ILogger<SessionCheck> logger) : IHostedService, IDisposable
{
    private const string What = "DB_HOST leads to a pooler that ";
    private const string WhatToDo = " Connect to PostgreSQL itself, or through a pooler in session mode that passes `options` on.";
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stop = new();

    /// <summary>Why the server cannot be used; null if it can, or if that is not known yet.</summary>
    public string? Fault { get; private set; }

    /// <summary>Whether the server has not answered yet.</summary>
    public bool IsPending { get; private set; }

    /// <exception cref="UnusableServerException">The server cannot be used.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (await IsKnownAsync(cancellationToken))
        {
            if (Fault is not null) throw new UnusableServerException(Fault);
            return;
        }
        IsPending = true;
        _ = LookAgainAsync();
    }

    public Task StopAsync(CancellationToken cancellationToken) => _stop.CancelAsync();

    public void Dispose() => _stop.Dispose();

    private async Task LookAgainAsync()
    {
        try
        {
            do await Task.Delay(s_pause, clock, _stop.Token);
            while (!await IsKnownAsync(_stop.Token));
        }
        catch (OperationCanceledException)
        {
            return;
        }
        if (Fault is null)
        {
            IsPending = false;
            return;
        }
        Unusable(Fault);
        lifetime.StopApplication();
    }

    /// <returns>False if the server did not answer.</returns>
    private async Task<bool> IsKnownAsync(CancellationToken cancellationToken)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(s_longest);
        try
        {
            Fault = await FindFaultAsync(limited.Token);
            return true;
        }
        catch (Exception away) when (!cancellationToken.IsCancellationRequested)
        {
            NotKnownYet(away);
            return false;
        }
    }

    private async Task<string?> FindFaultAsync(CancellationToken cancellationToken)
    {
        try
        {
            var mark = Guid.CreateVersion7().ToString();
            await using var first = await source.OpenConnectionAsync(cancellationToken);
            if (await AskAsync(first, "select setting from pg_settings where name = 'client_connection_check_interval'", cancellationToken) != PostgresSetup.CheckClientMs)
                return $"{What}drops the connection's `options`, and with them every time limit.{WhatToDo}";
            await first.ExecuteAsync(new CommandDefinition("select set_config('app.session', @mark, false)", new { mark }, cancellationToken: cancellationToken));
            // Through such a pooler the second connection, or the first while the second is in a transaction, finds the other one's session.
            await using var second = await source.OpenConnectionAsync(cancellationToken);
            await using var transaction = await second.BeginTransactionAsync(cancellationToken);
            var beside = await AskAsync(second, "select current_setting('app.session', true)", cancellationToken);
            var kept = await AskAsync(first, "select current_setting('app.session', true)", cancellationToken);
            return beside != mark && kept == mark ? null
                : $"{What}gives each transaction another session (PgBouncer: pool_mode = transaction or statement): a statement could meet what another session prepared.{WhatToDo}";
        }
        // PgBouncer, unless it is told to ignore them.
        catch (PostgresException refused) when (refused.SqlState == PostgresErrorCodes.ProtocolViolation
            && refused.MessageText.Contains("startup parameter", StringComparison.Ordinal))
        {
            return $"{What}refuses the connection's `options` ({refused.MessageText}).{WhatToDo}";
        }
        // PgBouncer in statement mode refuses the transaction.
        catch (PostgresException refused) when (refused.SqlState == PostgresErrorCodes.ProtocolViolation
            && refused.MessageText.Contains("statement pooling", StringComparison.Ordinal))
        {
            return $"{What}gives each statement another session ({refused.MessageText}).{WhatToDo}";
        }
    }

    private static Task<string?> AskAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken) =>
        connection.ExecuteScalarAsync<string>(new CommandDefinition(sql, cancellationToken: cancellationToken));

    [LoggerMessage(EventId = 1121, Level = LogLevel.Critical, Message = "{Fault}")]
    private partial void Unusable(string fault);

    [LoggerMessage(EventId = 1122, Level = LogLevel.Debug, Message = "PostgreSQL has not answered yet; whether its sessions are its own is looked at again")]
    private partial void NotKnownYet(Exception away);
}
