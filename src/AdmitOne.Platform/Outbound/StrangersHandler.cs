using System.Net;
using System.Net.Sockets;

namespace AdmitOne.Platform.Outbound;

/// <summary>
/// Calls addresses that strangers named. The address that is connected to is the one that was looked at: a name cannot resolve to a public
/// address for the check and to a private one for the call. It follows no redirect, uses no proxy, and keeps no connection.
/// </summary>
public static class StrangersHandler
{
    private static readonly TimeSpan s_connect = TimeSpan.FromSeconds(5);

    /// <param name="resolve">Finds a name's addresses; the machine's own resolver if null.</param>
    /// <param name="allowLoopback">For development and tests: this machine, and nothing else that is private, may be called.</param>
    public static SocketsHttpHandler Create(Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null, bool allowLoopback = false) => new()
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        ConnectTimeout = s_connect,
        PooledConnectionLifetime = TimeSpan.Zero,
        MaxResponseHeadersLength = 16,
        ConnectCallback = async (context, cancellationToken) =>
        {
            var host = context.DnsEndPoint.Host;
            var addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await (resolve ?? Dns.GetHostAddressesAsync)(host, cancellationToken);
            var allowed = addresses.Where(address => PublicAddresses.IsPublic(address) || (allowLoopback && IPAddress.IsLoopback(address))).ToArray();
            // A name with one private address among its public ones is not a mistake that we help with.
            if (allowed.Length == 0 || allowed.Length < addresses.Length) throw new HttpRequestException("The host has no public address.");

            Exception? last = null;
            foreach (var address in allowed)
            {
                var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                try
                {
                    await socket.ConnectAsync(new IPEndPoint(address, context.DnsEndPoint.Port), cancellationToken);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch (SocketException fault)
                {
                    socket.Dispose();
                    last = fault;
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            }
            throw last!;
        },
    };
}
