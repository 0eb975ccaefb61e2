using System.Net;
using System.Net.Sockets;
using AdmitOne.Platform.Outbound;
using Microsoft.Security.AntiSSRF;

namespace AdmitOne.UnitTests.Outbound;

/// <summary>Calls to addresses that strangers named, with a resolver that says what it is told to.</summary>
public sealed class StrangersHandlerTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("10.1.2.3")]
    [InlineData("172.16.0.1")]
    [InlineData("192.168.1.1")]
    [InlineData("169.254.169.254")]
    [InlineData("100.64.0.1")]
    [InlineData("0.0.0.0")]
    [InlineData("::1")]
    [InlineData("fe80::1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("64:ff9b::7f00:1")]
    [InlineData("2002:7f00:1::")]
    public async Task A_name_that_resolves_to_a_private_address_is_never_connected_to(string address)
    {
        Assert.False(PublicAddresses.IsPublic(IPAddress.Parse(address)));
        using var client = new HttpClient(StrangersHandler.Create((_, _) => Task.FromResult(new[] { IPAddress.Parse(address) })));
        var fault = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri("http://hooks.example.com/"), Stop));
        Assert.Contains("no public address", fault.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_is_resolved_once_and_what_was_checked_is_what_is_connected_to()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var resolved = 0;
        // Allowed when it is first resolved, a private address from then on.
        using var client = new HttpClient(StrangersHandler.Create(
            (_, _) => Task.FromResult(new[] { IPAddress.Parse(resolved++ == 0 ? "127.0.0.1" : "10.0.0.1") }), allowLoopback: true));
        var call = client.GetAsync(new Uri($"http://hooks.example.com:{port}/"), Stop);
        using (var connection = await listener.AcceptTcpClientAsync(Stop)) Assert.Equal(1, resolved);
        await Assert.ThrowsAnyAsync<Exception>(() => call);
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri($"http://hooks.example.com:{port}/"), Stop));
        Assert.False(listener.Pending());
    }

    [Fact]
    public async Task One_private_address_among_public_ones_is_enough_to_refuse()
    {
        using var client = new HttpClient(StrangersHandler.Create((_, _) => Task.FromResult(new[] { IPAddress.Parse("93.184.216.34"), IPAddress.Loopback })));
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri("http://hooks.example.com/"), Stop));
    }

    [Fact]
    public void Every_range_that_the_library_refuses_is_refused_at_both_ends()
    {
        Assert.True(IPAddressRanges.recommendedLatest.Length > 30);
        foreach (var range in IPAddressRanges.recommendedLatest)
        {
            var first = IPNetwork.Parse(range).BaseAddress;
            Assert.False(PublicAddresses.IsPublic(first), range);
            Assert.False(PublicAddresses.IsPublic(Last(IPNetwork.Parse(range))), range);
        }
    }

    private static IPAddress Last(IPNetwork network)
    {
        var bytes = network.BaseAddress.GetAddressBytes();
        for (var bit = network.PrefixLength; bit < bytes.Length * 8; bit++) bytes[bit / 8] |= (byte)(0x80 >> (bit % 8));
        return new IPAddress(bytes);
    }

    [Theory, InlineData("93.184.216.34"), InlineData("2606:2800:220:1:248:1893:25c8:1946"), InlineData("172.32.0.1"), InlineData("100.128.0.1")]
    public void What_is_anybodys_may_be_called(string address) => Assert.True(PublicAddresses.IsPublic(IPAddress.Parse(address)));
}
