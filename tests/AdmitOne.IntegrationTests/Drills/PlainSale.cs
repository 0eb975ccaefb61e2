using System.Diagnostics;
using AdmitOne.IntegrationTests.Schema;
using Npgsql;

namespace AdmitOne.IntegrationTests.Drills;

/// <summary>
/// A sale as the first version's Ticket Service would write it, in its own role and with its limits on time: what it does must go on at every version.
/// Like the service it repeats a transaction that lost to another one, and nothing else.
/// </summary>
internal sealed class PlainSale(NpgsqlDataSource source) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _workers = [];
    private readonly List<string> _failures = [];
    private long _requests;
    private long _repeated;
    private long _longestTicks;

    public long Requests => Interlocked.Read(ref _requests);

    public long Repeated => Interlocked.Read(ref _repeated);

    public IReadOnlyList<string> Failures { get { lock (_failures) return [.. _failures]; } }

    public void Start(int buyers)
    {
        foreach (var buyer in Enumerable.Range(0, buyers)) _workers.Add(Task.Run(() => BuyAndBeLetInAsync(new Random(buyer))));
    }

    /// <summary>The longest that a buyer waited since this was last asked.</summary>
    public TimeSpan TakeLongest() => Stopwatch.GetElapsedTime(0, Interlocked.Exchange(ref _longestTicks, 0));

    /// <summary>Lets everybody finish what they are buying.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_workers);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task BuyAndBeLetInAsync(Random random)
    {
        while (!_stop.IsCancellationRequested)
        {
            var began = Stopwatch.GetTimestamp();
            await RepeatAsync(connection => BuyAsync(connection, random.Next(200), random.Next(1000)));
            var took = Stopwatch.GetTimestamp() - began;
            for (var known = Interlocked.Read(ref _longestTicks); took > known; known = Interlocked.Read(ref _longestTicks)) Interlocked.CompareExchange(ref _longestTicks, took, known);
            Interlocked.Increment(ref _requests);
            await Task.Delay(10, CancellationToken.None);
        }
    }

    private async Task RepeatAsync(Func<NpgsqlConnection, Task> work)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var connection = await source.OpenConnectionAsync(CancellationToken.None);
                await using var transaction = await connection.BeginTransactionAsync(CancellationToken.None);
                await work(connection);
                await transaction.CommitAsync(CancellationToken.None);
                return;
            }
            catch (PostgresException lost) when (attempt < 5 && lost.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure)
            {
                Interlocked.Increment(ref _repeated);
            }
            catch (NpgsqlException fault)
            {
                lock (_failures) _failures.Add(fault.Message);
                return;
            }
        }
    }

    private static async Task BuyAsync(NpgsqlConnection connection, int type, int user)
    {
        var (order, hold, ticket, scan) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        await using var batch = new NpgsqlBatch(connection);
        void Add(string sql, params object[] values)
        {
            var command = new NpgsqlBatchCommand(sql);
            foreach (var value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
            batch.BatchCommands.Add(command);
        }
        var (tenant, typeId, eventId, section, userId) = (Guid.Parse(FilledDatabase.Tenant), FilledDatabase.Id(FilledDatabase.Kind.Type, type), FilledDatabase.Id(FilledDatabase.Kind.Event, type % 100),
            FilledDatabase.Id(FilledDatabase.Kind.Section, type % 100), FilledDatabase.Id(FilledDatabase.Kind.User, user));
        Add("select set_config('app.tenant_id', $1, true)", FilledDatabase.Tenant);
        Add("insert into platform.idempotency_keys (tenant_id, user_id, route, key, fingerprint, status, resource_id) values ($1, $2, '/api/v1/purchases', $3::uuid::text, sha256('x'), 'running', $3)", tenant, userId, order);
        Add("select status, sections from events.sale_window where event_id = $1", eventId);
        Add("update tickets.section_stock set sold = sold + 1 where section_id = $1", section);
        Add("update tickets.stock set sold = sold + 1 where ticket_type_id = $1", typeId);
        Add("select name, price_minor, currency from tickets.ticket_types where id = $1 and deleted_at is null", typeId);
        Add("insert into tickets.reservations (tenant_id, id, hold_id, event_id, ticket_type_id, user_id, quantity, unit_price_minor, currency, status, order_id, expires_at) values ($1, $2, $2, $3, $4, $5, 1, 2500, 'EUR', 'completed', $6, clock_timestamp())", tenant, hold, eventId, typeId, userId, order);
        Add("insert into tickets.orders (tenant_id, id, order_number, event_id, user_id, hold_id, status, total_minor, currency) values ($1, $2, $2::text, $3, $4, $5, 'paid', 2500, 'EUR')", tenant, order, eventId, userId, hold);
        Add("insert into tickets.order_items (tenant_id, order_id, line, ticket_type_id, quantity, unit_price_minor, total_minor) values ($1, $2, 1, $3, 1, 2500, 2500)", tenant, order, typeId);
        Add("insert into tickets.payments (tenant_id, id, order_id, method, token, status, amount_minor, currency, hold_expires_at, next_check_at) values ($1, $2, $3, 'test', 'tok_ok', 'succeeded', 2500, 'EUR', now(), now())", tenant, Guid.CreateVersion7(), order);
        Add("insert into tickets.tickets (tenant_id, id, event_id, ticket_type_id, section_id, order_id, reservation_id, user_id, status, face_value_minor, currency) values ($1, $2, $3, $4, $5, $6, $7, $8, 'issued', 2500, 'EUR')", tenant, ticket, eventId, typeId, section, order, hold, userId);
        Add("insert into platform.outbox (tenant_id, id, type, resource_id, data) values ($1, $2, 'order.paid', $3, '{}')", tenant, Guid.CreateVersion7(), order);
        Add("insert into tickets.ticket_validations (tenant_id, id, ticket_id, event_id, direction, result, reason, validated_by, scanned_at) values ($1, $2, $3, $4, 'in', 'admitted', 'admitted', $5, now())", tenant, scan, ticket, eventId, userId);
        Add("insert into tickets.admissions (tenant_id, ticket_id, event_id, validation_id, admitted_at) values ($1, $2, $3, $4, now())", tenant, ticket, eventId, scan);
        Add("select id, status from tickets.tickets where user_id = $1 order by created_at desc limit 5", userId);
        await batch.ExecuteNonQueryAsync(CancellationToken.None);
    }
}
