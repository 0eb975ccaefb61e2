using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using AdmitOne.Cli.Local;
using Dapper;
using Npgsql;

namespace AdmitOne.IntegrationTests.Local;

public sealed class PrivatePostgresTests : IDisposable
{
    private const string Password = "a password with 'quotes\" and spaces";
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_keeps_what_it_was_given_and_its_port_from_one_start_to_the_next()
    {
        using var data = DataFolder.Open(_folder.Path);
        int port;
        await using (var first = await PrivatePostgres.StartAsync(data, Password, settings: null, Stop))
        {
            await KeepAsync(first, "a row");
            port = first.Address.Port;
        }

        await using var second = await PrivatePostgres.StartAsync(data, Password, settings: null, Stop);
        Assert.Equal("a row", await KeptAsync(second));
        Assert.Equal(port, second.Address.Port);
    }

    [Fact]
    public async Task It_is_reached_by_password_over_loopback_only_and_takes_settings()
    {
        using var data = DataFolder.Open(_folder.Path);
        await using var postgres = await PrivatePostgres.StartAsync(data, Password, new Dictionary<string, string> { ["work_mem"] = "7MB" }, Stop);
        await using var connection = await OpenAsync(postgres);
        Assert.Equal("7MB", await connection.ExecuteScalarAsync<string>("show work_mem"));
        Assert.Equal("200", await connection.ExecuteScalarAsync<string>("show max_connections"));
        Assert.Equal("on", await connection.ExecuteScalarAsync<string>("show fsync"));
        Assert.Equal("127.0.0.1", await connection.ExecuteScalarAsync<string>("show listen_addresses"));
        Assert.Equal("", await connection.ExecuteScalarAsync<string>("show unix_socket_directories"));
        Assert.Equal("UTF8", await connection.ExecuteScalarAsync<string>("show server_encoding"));

        await using var stranger = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(postgres.ConnectionString()) { Password = "wrong", Pooling = false }.ConnectionString);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => stranger.OpenAsync(Stop));
        Assert.Equal(PostgresErrorCodes.InvalidPassword, refused.SqlState);
    }

    [Fact]
    public async Task What_was_left_running_iStopped_cleanly_and_started_again_with_all_its_rows()
    {
        using var data = DataFolder.Open(_folder.Path);
        var orphan = await PrivatePostgres.StartAsync(data, Password, settings: null, Stop);
        await KeepAsync(orphan, "committed");

        await using var next = await PrivatePostgres.StartAsync(data, Password, settings: null, Stop);
        Assert.NotEqual(orphan.ProcessId, next.ProcessId);
        Assert.Equal("committed", await KeptAsync(next));
        Assert.DoesNotContain("interrupted", await LogAsync(data), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Process.GetProcessById(orphan.ProcessId));
    }

    [Fact]
    public async Task A_killed_postmaster_whose_sessions_still_live_is_recovered_with_all_its_rows()
    {
        using var data = DataFolder.Open(_folder.Path);
        var killed = await PrivatePostgres.StartAsync(data, Password, settings: null, Stop);
        await KeepAsync(killed, "committed");
        await using var busy = await OpenAsync(killed);
        var sleeping = busy.ExecuteAsync("select pg_sleep(2)");
        using (var process = Process.GetProcessById(killed.ProcessId))
        {
            process.Kill();
        }

        await using var next = await PrivatePostgres.StartAsync(data, Password, settings: null, Stop);
        Assert.Equal("committed", await KeptAsync(next));
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => sleeping);
    }

    [Fact]
    public async Task A_remembered_port_that_somebody_took_is_given_up()
    {
        using var data = DataFolder.Open(_folder.Path);
        int port;
        await using (var first = await PrivatePostgres.StartAsync(data, Password, settings: null, Stop))
        {
            port = first.Address.Port;
        }

        using var taker = new TcpListener(IPAddress.Loopback, port);
        taker.Start();
        await using var second = await PrivatePostgres.StartAsync(data, Password, settings: null, Stop);
        Assert.NotEqual(port, second.Address.Port);
    }

    [Fact]
    public async Task A_setting_that_it_refuses_is_told_in_one_line()
    {
        using var data = DataFolder.Open(_folder.Path);
        var fault = await Assert.ThrowsAsync<CannotRunException>(() =>
            PrivatePostgres.StartAsync(data, Password, new Dictionary<string, string> { ["wal_level"] = "nonsense" }, Stop));
        Assert.Contains("wal_level", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
    }

    private static async Task<NpgsqlConnection> OpenAsync(PrivatePostgres postgres)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(postgres.ConnectionString()) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(Stop);
        return connection;
    }

    private static async Task KeepAsync(PrivatePostgres postgres, string text)
    {
        await using var connection = await OpenAsync(postgres);
        await connection.ExecuteAsync("create table kept (text text); insert into kept values (@text)", new { text });
    }

    private static async Task<string?> KeptAsync(PrivatePostgres postgres)
    {
        await using var connection = await OpenAsync(postgres);
        return await connection.ExecuteScalarAsync<string>("select text from kept");
    }

    private static Task<string> LogAsync(DataFolder data) => File.ReadAllTextAsync(data.Log("postgres"), Stop);
}
