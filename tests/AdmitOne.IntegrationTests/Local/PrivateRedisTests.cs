using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using AdmitOne.Cli.Local;

namespace AdmitOne.IntegrationTests.Local;

public sealed class PrivateRedisTests : IDisposable
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_written_survives_whether_it_was_left_running_or_killed(bool killed)
    {
        using var data = DataFolder.Open(_folder.Path);
        var first = await PrivateRedis.StartAsync(data, "secret one", Stop);
        Assert.Equal("+OK\r\n+OK\r\n", await SayAsync(first.Address, "AUTH \"secret one\"", "SET kept yes"));
        if (killed)
        {
            using var process = Process.GetProcessById(first.ProcessId);
            process.Kill();
        }

        await using var second = await PrivateRedis.StartAsync(data, "secret two", Stop);
        Assert.NotEqual(first.ProcessId, second.ProcessId);
        Assert.Equal("+OK\r\n$3\r\nyes\r\n", await SayAsync(second.Address, "AUTH \"secret two\"", "GET kept"));
    }

    [Fact]
    public async Task It_says_nothing_without_its_password_and_stops_when_told()
    {
        using var data = DataFolder.Open(_folder.Path);
        await using var redis = await PrivateRedis.StartAsync(data, "secret", Stop);
        Assert.StartsWith("-NOAUTH", await SayAsync(redis.Address, "GET anything"), StringComparison.Ordinal);

        await redis.DisposeAsync();
        await Assert.ThrowsAsync<SocketException>(() => SayAsync(redis.Address, "PING"));
    }

    private static async Task<string> SayAsync(RedisAddress address, params string[] commands)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port, Stop);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.UTF8.GetBytes(string.Concat(commands.Select(command => command + "\r\n"))), Stop);
        client.Client.Shutdown(SocketShutdown.Send);
        return await new StreamReader(stream).ReadToEndAsync(Stop);
    }
}
