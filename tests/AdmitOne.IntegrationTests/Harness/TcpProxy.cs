using System.Net;
using System.Net.Sockets;

namespace AdmitOne.IntegrationTests.Harness;

/// <summary>Stands between a service and a server, and fails as networks do: refuses connections, or keeps them open and swallows what is sent.</summary>
public sealed class TcpProxy : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly Func<(string Host, int Port)> _target;
    private readonly Lock _one = new();
    private readonly List<Link> _links = [];
    private readonly Task _accepting;
    private bool _refuses;
    private bool _swallows;

    /// <param name="target">The server, asked for with each connection.</param>
    /// <param name="address">Where it listens; loopback if null.</param>
    public TcpProxy(Func<(string Host, int Port)> target, IPAddress? address = null)
    {
        _listener = new TcpListener(address ?? IPAddress.Loopback, 0);
        _target = target;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>So long each piece of data is on its way, in each direction.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Closes all connections, and each new one at once.</summary>
    public void Refuse()
    {
        lock (_one)
        {
            _refuses = true;
            foreach (var link in _links) link.Dispose();
            _links.Clear();
        }
    }

    /// <summary>Keeps all connections and takes new ones, and forwards nothing in either direction.</summary>
    public void Swallow()
    {
        lock (_one) _swallows = true;
        SwallowOld();
    }

    /// <summary>Keeps the connections that are open and forwards nothing on them, ever; new ones work.</summary>
    public void SwallowOld()
    {
        lock (_one)
            foreach (var link in _links) link.Swallows = true;
    }

    /// <summary>New connections work. One that went silent stays so.</summary>
    public void Restore()
    {
        lock (_one) (_refuses, _swallows) = (false, false);
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        Refuse();
        await _accepting;
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptSocketAsync(CancellationToken.None);
            }
            catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException)
            {
                return;
            }
            lock (_one)
            {
                if (_refuses)
                {
                    client.Dispose();
                    continue;
                }
                var link = new Link(this, client) { Swallows = _swallows };
                _links.Add(link);
                _ = link.RunAsync(_target());
            }
        }
    }

    private sealed class Link(TcpProxy proxy, Socket client) : IDisposable
    {
        private readonly Socket _server = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

        public volatile bool Swallows;

        public async Task RunAsync((string Host, int Port) target)
        {
            try
            {
                client.NoDelay = true;
                await _server.ConnectAsync(target.Host, target.Port);
                await Task.WhenAny(PumpAsync(client, _server), PumpAsync(_server, client));
            }
            catch (SocketException)
            {
                // The server does not listen.
            }
            Dispose();
        }

        public void Dispose()
        {
            client.Dispose();
            _server.Dispose();
        }

        private async Task PumpAsync(Socket from, Socket to)
        {
            var buffer = new byte[16 * 1024];
            try
            {
                while (await from.ReceiveAsync(buffer) is > 0 and var read)
                {
                    if (proxy.Delay > TimeSpan.Zero) await Task.Delay(proxy.Delay);
                    if (!Swallows) await to.SendAsync(buffer.AsMemory(0, read));
                }
            }
            catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
            {
                // One end is gone.
            }
            // The network that swallows does not say that an end is gone, either.
            if (Swallows) await Task.Delay(Timeout.InfiniteTimeSpan);
        }
    }
}
