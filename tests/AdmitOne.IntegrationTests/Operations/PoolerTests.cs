using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using AdmitOne.IntegrationTests.Drills;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Schema;

namespace AdmitOne.IntegrationTests.Operations;

/// <summary>A service does not start through a pooler that shares sessions; it says why and what to do.</summary>
public sealed class PoolerTests(Stack stack, World world) : IClassFixture<World>
{
    // As a proxy would that passes the connection's options on: the check of the options finds what it looks for.
    private const string OptionsKept = " connect_query='set client_connection_check_interval=1000'";

    [Theory]
    [InlineData("transaction", "", "drops the connection's `options`")]
    [InlineData("transaction", OptionsKept, "gives each transaction another session")]
    [InlineData("statement", OptionsKept, "DB_HOST leads to a pooler that")]
    public async Task A_pooler_that_shares_sessions_is_refused_with_a_sentence(string mode, string database, string says)
    {
        await using var pooler = await StartAsync(mode, database, "options,extra_float_digits");
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => world.StartReplicaAsync(("DB_HOST", "127.0.0.1"), ("DB_PORT", $"{pooler.Port}")));
        Assert.Contains("ended with 1", refused.Message, StringComparison.Ordinal);
        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pooler_that_refuses_the_options_is_named_as_the_reason()
    {
        await using var pooler = await StartAsync("transaction", "", "extra_float_digits");
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => world.StartReplicaAsync(("DB_HOST", "127.0.0.1"), ("DB_PORT", $"{pooler.Port}")));
        Assert.Contains("refuses the connection's `options`", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pooler_in_session_mode_that_keeps_the_options_is_accepted()
    {
        await using var pooler = await StartAsync("session", OptionsKept, "options,extra_float_digits");
        var replica = await world.StartReplicaAsync(("DB_HOST", "127.0.0.1"), ("DB_PORT", $"{pooler.Port}"));
        var sale = await world.PutOnSaleAsync(5);
        await World.UntilAsync("it sells", async () =>
            (await world.BuyAsync(sale, replica: replica.Url)).StatusCode == HttpStatusCode.Created);
    }

    private async Task<Pooler> StartAsync(string mode, string database, string ignored)
    {
        stack.SkipIfMissing();
        if (!ServerTools.IsInstalled("pgbouncer")) Assert.Skip("pgbouncer is missing (Debian: sudo apt-get install pgbouncer)");
        return await Pooler.StartAsync(stack, mode, database, ignored);
    }

    private sealed class Pooler(Process process, string folder, int port) : IAsyncDisposable
    {
        public int Port => port;

        public static async Task<Pooler> StartAsync(Stack stack, string mode, string database, string ignored)
        {
            var folder = Directory.CreateTempSubdirectory("admitone-pooler-").FullName;
            using (var listener = new TcpListener(IPAddress.Loopback, 0))
            {
                listener.Start();
                var port = ((IPEndPoint)listener.LocalEndpoint).Port;
                listener.Stop();
                await File.WriteAllTextAsync(Path.Combine(folder, "users.txt"), $"\"{DatabaseRoles.Tickets}\" \"{stack.Passwords[DatabaseRoles.Tickets]}\"\n");
                await File.WriteAllTextAsync(Path.Combine(folder, "pgbouncer.ini"), $"""
                    [databases]
                    * = host={stack.Postgres.Host} port={stack.Postgres.Port}{database}
                    [pgbouncer]
                    listen_addr = 127.0.0.1
                    listen_port = {port}
                    unix_socket_dir =
                    auth_type = plain
                    auth_file = {Path.Combine(folder, "users.txt")}
                    pool_mode = {mode}
                    ignore_startup_parameters = {ignored}
                    max_client_conn = 200
                    default_pool_size = 30
                    """);
                foreach (var path in Directory.EnumerateFiles(folder).Prepend(folder))
                    File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead
                        | (path == folder ? UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute : 0));
                // It does not run as root.
                string[] asUser = Environment.UserName == "root" ? ["-u", "nobody"] : [];
                var start = new ProcessStartInfo("pgbouncer", [.. asUser, "-q", Path.Combine(folder, "pgbouncer.ini")]) { RedirectStandardError = true };
                var process = Process.Start(start)!;
                _ = process.StandardError.ReadToEndAsync(CancellationToken.None);
                var pooler = new Pooler(process, folder, port);
                await World.UntilAsync(() => ListensAsync(port));
                return pooler;
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (!process.HasExited) process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            process.Dispose();
            Directory.Delete(folder, recursive: true);
        }

        private static async Task<bool> ListensAsync(int port)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, port);
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        }
    }
}
