using System.Text.Json;
using AdmitOne.Cli.Local;

namespace AdmitOne.Cli.Rehearsal;

/// <summary>
/// The copy of a rehearsal that has not ended, noted in the data folder of <c>./run</c>: if the services or the rehearsal die, the next start finds it
/// and ends it.
/// </summary>
internal sealed record UnfinishedRehearsal(Guid EventId, Guid TenantId)
{
    private const string Name = "rehearsal.json";

    /// <returns>null if there is none, or the note cannot be read.</returns>
    public static UnfinishedRehearsal? Read(string folder)
    {
        try
        {
            return JsonSerializer.Deserialize<UnfinishedRehearsal>(File.ReadAllText(Path.Combine(folder, Name)));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    public void Write(string folder) => DataFolder.WriteSecret(Path.Combine(folder, Name), JsonSerializer.Serialize(this));

    public static void Remove(string folder) => File.Delete(Path.Combine(folder, Name));
}
