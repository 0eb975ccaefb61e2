using Dapper;
using Npgsql;

namespace AdmitOne.IntegrationTests.Harness;

/// <summary>What `admitone up` makes for the neighbours: a role and a schema of their own, and nothing of ours.</summary>
internal static class Neighbourhood
{
    public const string Role = "admitone_neighbours";

    public static async Task MakeAsync(string connectionString, string password)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await connection.ExecuteAsync($"create role {Role} login password '{password}'; create schema neighbours authorization {Role}");
    }
}
