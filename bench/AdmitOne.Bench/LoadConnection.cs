using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace AdmitOne.Bench;

/// <summary>
/// One kept-alive connection that sends a request and waits for its answer, as little beyond that as possible: what the generator takes from
/// the machine is missing from what it measures.
/// </summary>
internal sealed class LoadConnection : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private byte[] _received = new byte[4 * 1024];
    private int _length;

    /// <summary>Opens so many, a few at a time, so that the listener's queue is not what is measured.</summary>
    public static async Task<IReadOnlyList<LoadConnection>> OpenAsync(Uri url, int connections)
    {
        var open = new List<LoadConnection>();
        while (open.Count < connections)
            open.AddRange(await Task.WhenAll(Enumerable.Range(0, Math.Min(64, connections - open.Count)).Select(_ => OpenAsync(url))));
        return open;
    }

    /// <summary>The last answer as it came.</summary>
    public string LastAnswer => Encoding.UTF8.GetString(_received, 0, _length);

    public byte[] LastBytes => _received[.._length];

    /// <summary>Whether the last answer has these bytes; null has everything.</summary>
    public bool Has(byte[]? bytes) => bytes is null || _received.AsSpan(0, _length).IndexOf(bytes) >= 0;

    /// <returns>The answer's status.</returns>
    public async ValueTask<int> SendAsync(ReadOnlyMemory<byte> request)
    {
        while (request.Length > 0) request = request[await _socket.SendAsync(request, SocketFlags.None)..];
        _length = 0;
        while (!IsWhole(_received.AsSpan(0, _length)))
        {
            if (_length == _received.Length) Array.Resize(ref _received, _received.Length * 2);
            var read = await _socket.ReceiveAsync(_received.AsMemory(_length), SocketFlags.None);
            if (read == 0) throw new IOException($"The connection was closed in the middle of an answer: {LastAnswer}");
            _length += read;
        }
        return Status(_received);
    }

    public void Dispose() => _socket.Dispose();

    private static async Task<LoadConnection> OpenAsync(Uri url)
    {
        var connection = new LoadConnection();
        await connection._socket.ConnectAsync(IPAddress.Parse(url.Host), url.Port);
        return connection;
    }

    // "HTTP/1.1 201"
    private static int Status(ReadOnlySpan<byte> answer) => ((answer[9] - '0') * 100) + ((answer[10] - '0') * 10) + answer[11] - '0';

    /// <summary>Nothing follows an answer before the next request, and no JSON of ours has a line break: the last chunk ends what came.</summary>
    private static bool IsWhole(ReadOnlySpan<byte> answer)
    {
        var head = answer.IndexOf("\r\n\r\n"u8);
        if (head < 0) return false;
        var names = answer[..(head + 2)];
        if (names.IndexOf("\r\nTransfer-Encoding: chunked\r\n"u8) >= 0) return answer.EndsWith("0\r\n\r\n"u8);
        var length = names.IndexOf("\r\nContent-Length: "u8);
        if (length < 0) return true;
        var digits = names[(length + 18)..];
        return answer.Length - head - 4 >= int.Parse(digits[..digits.IndexOf((byte)'\r')], CultureInfo.InvariantCulture);
    }
}
