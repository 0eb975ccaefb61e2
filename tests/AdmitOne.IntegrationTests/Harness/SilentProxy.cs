using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace AdmitOne.IntegrationTests.Harness;

/// <summary>A TCP proxy that can fall silent: what old connections send is swallowed in both directions, and none is closed. So does a network whose firewall has forgotten them.</summary>
public sealed class SilentProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Pair> _pairs = [];
    private readonly (string Host, int Port) _target;
    private readonly Task _accepting;
    private readonly SemaphoreSlim _one = new(1, 1);
    private volatile bool _swallowsNew;
    private Watch? _watch;

    // PostgreSQL's last message of an answer inside a transaction: ReadyForQuery, "in a transaction".
    private static ReadOnlySpan<byte> ReadyInTransaction => [(byte)'Z', 0, 0, 0, 5, (byte)'T'];

    public SilentProxy(string host, int port)
    {
        _target = (host, port);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Holds each answer of PostgreSQL up that leaves a transaction open, until one is the one that is looked for.</summary>
    /// <param name="act">Looks and acts: null if it is another one; else whether the answer is passed on.</param>
    /// <returns>Completes when the one was found.</returns>
    public Task WhenInTransaction(Func<Task<bool?>> act)
    {
        var watch = new Watch(act);
        Volatile.Write(ref _watch, watch);
        return watch.Seen.Task;
    }

    /// <summary>From here on nothing comes through on the connections that are open.</summary>
    /// <param name="newOnes">New ones are silent, too, until <see cref="Restore"/>.</param>
    public void Swallow(bool newOnes)
    {
        _swallowsNew = newOnes;
        foreach (var pair in _pairs) pair.IsSilent = true;
    }

    /// <summary>Everything comes through again. What was swallowed is gone.</summary>
    public void Restore()
    {
        _swallowsNew = false;
        foreach (var pair in _pairs) pair.IsSilent = false;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        foreach (var pair in _pairs) pair.Dispose();
        await _accepting;
        _stop.Dispose();
        _one.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                var server = new TcpClient();
                await server.ConnectAsync(_target.Host, _target.Port, _stop.Token);
                var pair = new Pair(client, server) { IsSilent = _swallowsNew };
                _pairs.Add(pair);
                _ = PumpAsync(pair, client, server, isServers: false);
                _ = PumpAsync(pair, server, client, isServers: true);
            }
        }
        catch (Exception stopped) when (stopped is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over, or the target is.
        }
    }

    private async Task PumpAsync(Pair pair, TcpClient from, TcpClient to, bool isServers)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.GetStream().ReadAsync(buffer, _stop.Token) is var read and > 0)
            {
                var passes = !isServers || Volatile.Read(ref _watch) is not { } watch || !buffer.AsSpan(0, read).EndsWith(ReadyInTransaction) || await ActAsync(watch);
                if (passes && !pair.IsSilent) await to.GetStream().WriteAsync(buffer.AsMemory(0, read), _stop.Token);
            }
            if (!pair.IsSilent) pair.Dispose();
        }
        catch (Exception over) when (over is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            if (!pair.IsSilent) pair.Dispose();   // a silent network does not tell the one side that the other has gone
        }
    }

    private async Task<bool> ActAsync(Watch watch)
    {
        await _one.WaitAsync();
        try
        {
            if (Volatile.Read(ref _watch) != watch || await watch.Act() is not { } passes) return true;
            Volatile.Write(ref _watch, null);
            watch.Seen.TrySetResult();
            return passes;
        }
        finally
        {
            _one.Release();
        }
    }

    private sealed record Watch(Func<Task<bool?>> Act)
    {
        public TaskCompletionSource Seen { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class Pair(TcpClient client, TcpClient server) : IDisposable
    {
        private volatile bool _isSilent;

        public bool IsSilent { get => _isSilent; set => _isSilent = value; }

        public void Dispose()
        {
            client.Dispose();
            server.Dispose();
        }
    }
}
