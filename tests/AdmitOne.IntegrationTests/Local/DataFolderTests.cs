using System.Net;
using System.Net.Sockets;
using AdmitOne.Cli.Local;

namespace AdmitOne.IntegrationTests.Local;

public sealed class DataFolderTests : IDisposable
{
    private const UnixFileMode OnlyOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void One_at_a_time_may_use_it()
    {
        using (DataFolder.Open(_folder.Path))
        {
            var fault = Assert.Throws<CannotRunException>(() => DataFolder.Open(_folder.Path));
            Assert.StartsWith("another AdmitOne is using the data folder " + _folder.Path, fault.Message, StringComparison.Ordinal);
        }

        DataFolder.Open(_folder.Path).Dispose();
    }

    [Fact]
    public void A_folder_of_a_newer_version_is_left_alone()
    {
        Directory.CreateDirectory(_folder.Path);
        File.WriteAllText(Path.Combine(_folder.Path, "version"), "2\n");
        var fault = Assert.Throws<CannotRunException>(() => DataFolder.Open(_folder.Path));
        Assert.Contains("written by a newer AdmitOne (format 2, this one knows 1)", fault.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder.Path, "servers")));
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_told_in_one_line()
    {
        File.WriteAllText(_folder.Path, "a file stands here");
        try
        {
            var fault = Assert.Throws<CannotRunException>(() => DataFolder.Open(Path.Combine(_folder.Path, "below")));
            Assert.StartsWith("the data folder " + _folder.Path, fault.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', fault.Message);
        }
        finally
        {
            File.Delete(_folder.Path);
        }
    }

    [Fact]
    public void Secrets_are_made_once_each_its_own_and_only_their_owner_can_read_them()
    {
        using var data = DataFolder.Open(_folder.Path);
        string[] names = ["JWT_SECRET", "QR_ENCRYPTION_KEY", "INTERNAL_API_KEY", "INTERNAL_WEBHOOK_SECRET", "REDIS_PASSWORD", "postgres", .. LocalSecrets.Logins];
        var first = LocalSecrets.Open(data);
        var second = LocalSecrets.Open(data);
        Assert.All(names, name => Assert.Equal(first[name], second[name]));
        Assert.Equal(names.Length, names.Select(name => first[name]).Where(secret => secret.Length >= 32).Distinct().Count());
        Assert.StartsWith("-----BEGIN PRIVATE KEY-----", first["CODE_SIGNING_KEY"], StringComparison.Ordinal);
        Assert.Equal(OnlyOwner, File.GetUnixFileMode(Path.Combine(_folder.Path, "secrets.json")));
    }

    [Fact]
    public void A_port_in_use_is_named_with_the_variable_that_chooses_another()
    {
        using var taker = new TcpListener(IPAddress.Loopback, 0);
        taker.Start();
        var port = ((IPEndPoint)taker.LocalEndpoint).Port;
        var fault = Assert.Throws<CannotRunException>(Options(("VENUES_PORT", $"{port}")).CheckPorts);
        Assert.Equal($"port {port} is in use: stop what listens there, or choose another with VENUES_PORT", fault.Message);
    }

    [Fact]
    public void A_port_wanted_twice_and_a_word_that_is_no_port_are_named()
    {
        var twice = Assert.Throws<CannotRunException>(Options(("EVENTS_PORT", "20001"), ("AUTH_PORT", "20001")).CheckPorts);
        Assert.Equal("port 20001 is wanted by EVENTS_PORT and AUTH_PORT: choose different ones", twice.Message);
        var word = Assert.Throws<CannotRunException>(() => Options(("EVENTS_PORT", "http")));
        Assert.Equal("EVENTS_PORT must be a port between 1 and 65535", word.Message);
    }

    [Fact]
    public void What_is_given_wins_for_all_or_by_its_prefix_for_one_service()
    {
        var given = new GivenVariables(new Dictionary<string, string>
        {
            ["LOG_LEVEL"] = "warn", ["TICKETS_LOG_LEVEL"] = "debug", ["TICKETS_PORT"] = "4004", ["PORT"] = "1", ["DB_USER"] = "me", ["JWT_SECRET"] = "",
        });
        var events = new Dictionary<string, string> { ["PORT"] = "3003", ["JWT_SECRET"] = "made" };
        given.Over(events, "EVENTS_");
        Assert.Equal(new() { ["PORT"] = "3003", ["JWT_SECRET"] = "made", ["LOG_LEVEL"] = "warn" }, events);
        var tickets = new Dictionary<string, string> { ["PORT"] = "4004" };
        given.Over(tickets, "TICKETS_");
        Assert.Equal(new() { ["PORT"] = "4004", ["LOG_LEVEL"] = "debug" }, tickets);
    }

    private static StackOptions Options(params (string Name, string Value)[] given) =>
        new("unused", Demo: false, Separate: false, Replicas: 1, new GivenVariables(given.ToDictionary(one => one.Name, one => one.Value)));
}
