using System.Text.Json;
using System.Text.Json.Serialization;

namespace AdmitOne.Cli.Local;

/// <summary>What `run.json` says to scripts and tests: where everything listens, and how to get in.</summary>
/// <param name="Identity">The same address as <paramref name="Auth"/>, which is its older name.</param>
public sealed record RunFile(
    int Pid, string Events, IReadOnlyList<string> Tickets, string? Auth, string? Identity, string? Venues, string? Minting,
    MetricsAddresses? Metrics, PostgresAddress Postgres, RedisAddress Redis, DemoAddresses? Demo)
{
    private const string Name = "run.json";
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public void Write(DataFolder data) => DataFolder.WriteSecret(data.FileNamed(Name), JsonSerializer.Serialize(this, s_json) + "\n");

    public static void Remove(DataFolder data) => File.Delete(data.FileNamed(Name));

    public static bool ExistsIn(string folder) => File.Exists(Path.Combine(folder, Name));

    /// <exception cref="CannotRunException">The folder has none, or none that can be read.</exception>
    public static RunFile Read(string folder)
    {
        var file = Path.Combine(folder, Name);
        try
        {
            return JsonSerializer.Deserialize<RunFile>(File.ReadAllText(file), s_json) ?? throw new JsonException("it is empty");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CannotRunException($"cannot read {file}: {fault.Message} (is ./run running on that folder?)", fault);
        }
        catch (JsonException fault)
        {
            throw new CannotRunException($"{file} is damaged: {fault.Message}", fault);
        }
    }

    /// <returns>null if the folder has none, or none that can be read.</returns>
    public static int? ProcessIdIn(string folder)
    {
        try
        {
            return Read(folder).Pid;
        }
        catch (CannotRunException)
        {
            return null;
        }
    }
}

/// <summary>Where <c>/metrics</c> is answered, whole addresses: the Event Service's, Identity's unless another provider is used, and each Ticket Service's in the order of <c>tickets</c>.</summary>
public sealed record MetricsAddresses(string Events, string? Identity, IReadOnlyList<string> Tickets);

/// <summary>A PostgreSQL that can be reached, with a user who may create roles and databases.</summary>
public sealed record PostgresAddress(string Host, int Port, string Database, string User, string Password);

/// <param name="Database">The number that `select` takes; a private Redis has it to itself.</param>
public sealed record RedisAddress(string Host, int Port, string? Password, [property: JsonIgnore] int Database = 0);

public sealed record DemoAddresses(
    Guid TenantId, Guid OtherTenantId, Guid VenueId, Guid EventId, Guid TicketTypeId, IReadOnlyList<DemoUser> Users);

public sealed record DemoUser(string Email, string Password, string Role);
