using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Dapper;
using Npgsql;

namespace AdmitOne.Bench;

/// <summary>What was measured, for people (<c>results.md</c>) and for programs (<c>results.json</c>).</summary>
internal static class Report
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true, RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static async Task<Machine> DescribeAsync(string connectionString, string commit, double loadBefore)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        var postgres = await connection.ExecuteScalarAsync<string>("""
            select format('%s, fsync %s, synchronous_commit %s, shared_buffers %s', current_setting('server_version'), current_setting('fsync'),
                          current_setting('synchronous_commit'), current_setting('shared_buffers'))
            """);
        return new Machine(
            FieldOf("/proc/cpuinfo", "model name") ?? RuntimeInformation.ProcessArchitecture.ToString(), Environment.ProcessorCount,
            (int)Math.Round(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1073741824.0), RuntimeInformation.OSDescription, postgres!, await RedisVersionAsync(),
            RuntimeInformation.FrameworkDescription, commit, loadBefore);
    }

    /// <summary>Writes both, with its charts; what this run did not measure is kept from the files that are there.</summary>
    public static async Task WriteAsync(Results results, string folder)
    {
        var file = Path.Combine(folder, "results.json");
        results = results.After(File.Exists(file) ? Before(await File.ReadAllTextAsync(file)) : null);
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(results, s_json) + "\n");
        await DrawAsync(results, folder);
        var remarks = Path.Combine(folder, "remarks.md");
        await File.WriteAllTextAsync(Path.Combine(folder, "results.md"), ReportText.Of(results) + (File.Exists(remarks) ? "\n" + await File.ReadAllTextAsync(remarks) : ""));
    }

    /// <summary>Draws the charts again from what the folder's <c>results.json</c> has.</summary>
    public static async Task RedrawAsync(string folder) =>
        await DrawAsync(Before(await File.ReadAllTextAsync(Path.Combine(folder, "results.json"))) ?? throw new BenchException("results.json is of another version"), folder);

    private static async Task DrawAsync(Results results, string folder)
    {
        foreach (var (name, svg) in Pictures.Of(results)) await File.WriteAllTextAsync(Path.Combine(folder, name), svg);
    }

    /// <summary>The load average of the last minute; 0 where the system does not tell.</summary>
    public static double LoadNow() =>
        File.Exists("/proc/loadavg") ? double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture) : 0;

    private static Results? Before(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<Results>(json, s_json);
        }
        catch (JsonException)
        {
            return null;   // of a version that wrote other things
        }
    }

    private static string? FieldOf(string file, string name) => !File.Exists(file) ? null
        : File.ReadLines(file).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) is { } line ? line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim() : null;

    // "Redis server v=7.0.15 sha=..."
    private static async Task<string> RedisVersionAsync()
    {
        foreach (var program in new[] { "redis-server", "valkey-server" })
        {
            try
            {
                using var process = Process.Start(new ProcessStartInfo(program, ["--version"]) { RedirectStandardOutput = true })!;
                var said = await process.StandardOutput.ReadToEndAsync();
                await process.WaitForExitAsync();
                return said.Split(' ').FirstOrDefault(word => word.StartsWith("v=", StringComparison.Ordinal))?[2..] ?? said.Trim();
            }
            catch (System.ComponentModel.Win32Exception)
            {
                // The other one, then.
            }
        }
        return "unknown";
    }
}
