using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;
using Dapper;
using Npgsql;

namespace AdmitOne.IntegrationTests.Local;

public sealed class UpTests : IDisposable
{
    private const UnixFileMode OnlyOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TemporaryFolder _folder = new();
    private readonly IReadOnlyList<int> _ports = RunningUp.FreePorts();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_says_where_everything_is_admits_no_second_and_leaves_nothing_running()
    {
        await using var up = await RunningUp.StartReadyAsync(_folder.Path, _ports, "--no-demo");
        var run = await RunningUp.ReadRunAsync(_folder.Path);
        Assert.Equal(up.Id, run.GetProperty("pid").GetInt32());
        Assert.Equal($"http://127.0.0.1:{_ports[0]}", run.GetProperty("events").GetString());
        Assert.Equal($"http://127.0.0.1:{_ports[1]}", Assert.Single(run.GetProperty("tickets").EnumerateArray()).GetString());
        Assert.Equal(JsonValueKind.Null, run.GetProperty("demo").ValueKind);
        Assert.Equal(OnlyOwner, File.GetUnixFileMode(Path.Combine(_folder.Path, "run.json")));
        await using (var database = await OpenAsync(run))
        {
            Assert.True(await database.ExecuteScalarAsync<bool>("select usesuper from pg_user where usename = current_user"));
        }

        await using (var second = RunningUp.Start(_folder.Path, RunningUp.FreePorts(), "--no-demo"))
        {
            Assert.Equal(1, await second.ExitCodeAsync());
            Assert.Contains($"admitone: another AdmitOne (process {up.Id}) is using the data folder {_folder.Path}", second.Said, StringComparison.Ordinal);
        }

        // What `up` makes is what a doctor calls good, however busy the machine is.
        var doctor = await CommandRun.StartAsync([], "doctor", "--data", _folder.Path, "--disk-free", "0.01", "--patience", "60");
        Assert.True(doctor.ExitCode == 0, doctor.Output + doctor.Errors);

        up.Send(15);
        Assert.Equal(0, await up.ExitCodeAsync());
        Assert.False(File.Exists(Path.Combine(_folder.Path, "run.json")));
        Assert.Empty(ProcessesBelow(_folder.Path));
    }

    [Fact]
    public async Task After_kill_nine_the_next_start_stops_what_was_left_and_loses_nothing()
    {
        var killed = await RunningUp.StartReadyAsync(_folder.Path, _ports, "--no-demo", "--separate");
        await using (var database = await OpenAsync(await RunningUp.ReadRunAsync(_folder.Path)))
        {
            await database.ExecuteAsync("create table kept as select 'yes' as kept");
        }

        killed.Send(9);
        await killed.ExitCodeAsync();
        Assert.NotEmpty(ProcessesBelow(_folder.Path));

        await using var next = await RunningUp.StartReadyAsync(_folder.Path, _ports, "--no-demo");
        await using (var database = await OpenAsync(await RunningUp.ReadRunAsync(_folder.Path)))
        {
            Assert.Equal("yes", await database.ExecuteScalarAsync<string>("select kept from kept"));
        }

        next.Send(2);
        Assert.Equal(0, await next.ExitCodeAsync());
        Assert.Empty(ProcessesBelow(_folder.Path));
    }

    [Fact]
    public async Task A_child_that_is_killed_is_started_again_and_the_others_go_on()
    {
        await using var up = await RunningUp.StartReadyAsync(_folder.Path, _ports, "--no-demo", "--separate");
        var run = await RunningUp.ReadRunAsync(_folder.Path);
        var tickets = run.GetProperty("tickets")[0].GetString()!;
        using var client = new HttpClient();
        Assert.Contains("# TYPE", await client.GetStringAsync(run.GetProperty("metrics").GetProperty("tickets")[0].GetString(), Stop), StringComparison.Ordinal);
        Assert.Equal(System.Net.HttpStatusCode.NotFound, (await client.GetAsync(tickets + "/metrics", Stop)).StatusCode);

        Kill(ProcessesBelow(_folder.Path).Single(process => Program(process) == "AdmitOne.Tickets"));
        await UntilSaidAsync(up, "AdmitOne.Tickets on port");
        await UntilSaidAsync(up, "was ended by signal 9 (SIGKILL)");
        await UntilReadyAsync(client, tickets);

        Kill(Path.Combine("/proc", File.ReadLines(Path.Combine(_folder.Path, "servers", "postgres", "cluster", "postmaster.pid")).First()));
        await UntilSaidAsync(up, "PostgreSQL was ended by signal 9");
        await UntilSaidAsync(up, "PostgreSQL runs again");
        await UntilReadyAsync(client, tickets);
        await UntilReadyAsync(client, run.GetProperty("events").GetString()!);

        up.Send(15);
        Assert.Equal(0, await up.ExitCodeAsync());
        Assert.Empty(ProcessesBelow(_folder.Path));
    }

    [Fact]
    public async Task A_setting_that_a_service_refuses_is_reported_before_a_cluster_is_made()
    {
        await using var up = RunningUp.Start(_folder.Path, _ports, [("TICKETS_RESERVATION_TTL_SECONDS", "never")], "--no-demo");
        Assert.Equal(1, await up.ExitCodeAsync());
        Assert.Contains("RESERVATION_TTL_SECONDS", up.Said, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder.Path, "servers", "postgres", "cluster")));
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static string? Program(string process) => Path.GetFileName(File.ResolveLinkTarget(Path.Combine(process, "exe"), returnFinalTarget: false)?.FullName);

    private static void Kill(string process)
    {
        using var victim = System.Diagnostics.Process.GetProcessById(int.Parse(Path.GetFileName(process), System.Globalization.CultureInfo.InvariantCulture));
        victim.Kill();
    }

    private static Task UntilSaidAsync(RunningUp up, string text) =>
        World.UntilAsync(() => Task.FromResult(up.Said.Contains(text, StringComparison.Ordinal)), TimeSpan.FromMinutes(2));

    private static Task UntilReadyAsync(HttpClient client, string url) => World.UntilAsync(async () =>
    {
        try
        {
            return (await client.GetAsync(url + "/health/ready", Stop)).IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }, TimeSpan.FromMinutes(2));

    private static async Task<NpgsqlConnection> OpenAsync(JsonElement run)
    {
        var postgres = run.GetProperty("postgres");
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder
        {
            Host = postgres.GetProperty("host").GetString(), Port = postgres.GetProperty("port").GetInt32(), Pooling = false,
            Database = postgres.GetProperty("database").GetString(), Username = postgres.GetProperty("user").GetString(), Password = postgres.GetProperty("password").GetString(),
        }.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    /// <summary>Every process that works in the folder, whoever started it.</summary>
    private static List<string> ProcessesBelow(string folder) =>
        [.. Directory.EnumerateDirectories("/proc").Where(process => int.TryParse(Path.GetFileName(process), out _)).Where(process => WorksBelow(process, folder))];

    private static bool WorksBelow(string process, string folder)
    {
        try
        {
            return File.ResolveLinkTarget(Path.Combine(process, "cwd"), returnFinalTarget: false)?.FullName.StartsWith(folder, StringComparison.Ordinal) == true;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
