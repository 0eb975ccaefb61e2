using Dapper;
using Npgsql;
using static AdmitOne.IntegrationTests.Schema.EmptyDatabase;

namespace AdmitOne.IntegrationTests.Schema;

/// <summary>A statement on a connection as a service has it: planned once for whatever it is given, and kept.</summary>
internal sealed class KeptPlan : IAsyncDisposable
{
    /// <summary>Whose rows are asked for.</summary>
    public const string Organiser = "00000000-0000-7000-8000-0000000000ff";

    /// <summary>What a scan asks: who is in already.</summary>
    public const string Scan = "select gate from tickets.admissions where tenant_id = $1 and ticket_id = any ($2)";

    private readonly NpgsqlConnection _service;

    private KeptPlan(NpgsqlConnection service) => _service = service;

    /// <param name="statement">With the organiser as $1 and ids as $2.</param>
    public static async Task<KeptPlan> MakeAsync(EmptyDatabase database, string statement)
    {
        var service = new NpgsqlConnection(database.ConnectionString);
        await service.OpenAsync(Cancellation);
        await service.ExecuteAsync($"set enable_seqscan = off; set plan_cache_mode = force_generic_plan; prepare looked (uuid, uuid[]) as {statement}");
        return new KeptPlan(service);
    }

    /// <summary>The plan that it has now.</summary>
    public async Task<string> ShowAsync() =>
        string.Join('\n', await _service.QueryAsync<string>($"explain execute looked('{Organiser}', array['{Organiser}']::uuid[])"));

    public ValueTask DisposeAsync() => _service.DisposeAsync();
}
