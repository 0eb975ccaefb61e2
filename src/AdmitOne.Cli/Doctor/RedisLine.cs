using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using AdmitOne.Platform.Redis;

namespace AdmitOne.Cli.Doctor;

/// <summary>A few commands in Redis' own words (RESP2), so that what is wrong is said as Redis says it: only the platform may know the client library.</summary>
internal sealed class RedisLine : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private readonly TcpClient _client = new();
    private Stream _stream = Stream.Null;

    /// <exception cref="SocketException">Nobody listens there.</exception>
    /// <exception cref="TimeoutException">Nobody answers there.</exception>
    /// <exception cref="RedisRefusedException">It refused the password.</exception>
    public static async Task<RedisLine> OpenAsync(RedisOptions options, CancellationToken cancellationToken)
    {
        var (host, port) = string.IsNullOrEmpty(options.Sentinels) ? (options.Host, options.Port) : await FindPrimaryAsync(options, cancellationToken);
        var line = await ConnectAsync(host, port, options.Tls, cancellationToken);
        try
        {
            if (!string.IsNullOrEmpty(options.Password)) await line.AskAsync(cancellationToken, string.IsNullOrEmpty(options.User) ? ["AUTH", options.Password] : ["AUTH", options.User, options.Password]);
            await line.AskAsync(cancellationToken, "SELECT", options.Database.ToString(CultureInfo.InvariantCulture));
            return line;
        }
        catch
        {
            line.Dispose();
            throw;
        }
    }

    // The first Sentinel that answers knows it; the fault of the last one is told if none does.
    private static async Task<(string Host, int Port)> FindPrimaryAsync(RedisOptions options, CancellationToken cancellationToken)
    {
        Exception? fault = null;
        foreach (var (host, port) in RedisAddresses.Read(options.Sentinels!))
        {
            try
            {
                using var sentinel = await ConnectAsync(host, port, options.Tls, cancellationToken);
                if (!string.IsNullOrEmpty(options.SentinelPassword)) await sentinel.AskAsync(cancellationToken, "AUTH", options.SentinelPassword);
                if (await sentinel.AskAsync(cancellationToken, "SENTINEL", "get-master-addr-by-name", options.SentinelService) is [var found, var at])
                    return (found, int.Parse(at, CultureInfo.InvariantCulture));
                fault = new RedisRefusedException($"The Sentinel at {host} knows no primary named {options.SentinelService}: see REDIS_SENTINEL_SERVICE.");
            }
            catch (Exception away) when (away is SocketException or TimeoutException or IOException or RedisRefusedException)
            {
                fault = away;
            }
        }
        throw fault ?? new IOException("REDIS_SENTINELS names none.");
    }

    private static async Task<RedisLine> ConnectAsync(string host, int port, bool tls, CancellationToken cancellationToken)
    {
        var line = new RedisLine();
        try
        {
            await line._client.ConnectAsync(host, port, cancellationToken).AsTask().WaitAsync(s_patience, cancellationToken);
            line._stream = line._client.GetStream();
            if (!tls) return line;
            var secured = new SslStream(line._stream);
            line._stream = secured;
            await secured.AuthenticateAsClientAsync(host).WaitAsync(s_patience, cancellationToken);
            return line;
        }
        catch
        {
            line.Dispose();
            throw;
        }
    }

    /// <returns>The words of the answer, one for a simple one.</returns>
    /// <exception cref="RedisRefusedException">It answered with an error.</exception>
    public async Task<IReadOnlyList<string>> AskAsync(CancellationToken cancellationToken, params string[] words)
    {
        var text = new StringBuilder($"*{words.Length}\r\n");
        foreach (var word in words) text.Append(CultureInfo.InvariantCulture, $"${Encoding.UTF8.GetByteCount(word)}\r\n{word}\r\n");
        await _stream.WriteAsync(Encoding.UTF8.GetBytes(text.ToString()), cancellationToken);
        var answer = new List<string>();
        await ReadAsync(answer, cancellationToken).WaitAsync(s_patience, cancellationToken);
        return answer;
    }

    public void Dispose()
    {
        _stream.Dispose();
        _client.Dispose();
    }

    private async Task ReadAsync(List<string> into, CancellationToken cancellationToken)
    {
        var line = await ReadLineAsync(cancellationToken);
        switch (line[0])
        {
            case '-': throw new RedisRefusedException(line[1..]);
            case '+' or ':': into.Add(line[1..]); break;
            case '$':
                var length = int.Parse(line.AsSpan(1), CultureInfo.InvariantCulture);
                if (length < 0) break;
                var bytes = new byte[length + 2];
                await _stream.ReadExactlyAsync(bytes, cancellationToken);
                into.Add(Encoding.UTF8.GetString(bytes, 0, length));
                break;
            case '*':
                for (var left = int.Parse(line.AsSpan(1), CultureInfo.InvariantCulture); left > 0; left--) await ReadAsync(into, cancellationToken);
                break;
            default: throw new IOException("It does not speak Redis' protocol.");
        }
    }

    private async Task<string> ReadLineAsync(CancellationToken cancellationToken)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (await _stream.ReadAsync(one, cancellationToken) == 1)
        {
            if (one[0] == '\n') return line.ToString().TrimEnd('\r') is { Length: > 0 } whole ? whole : throw new IOException("It does not speak Redis' protocol.");
            line.Append((char)one[0]);
        }
        throw new IOException("It hung up.");
    }
}

/// <summary>What Redis answered instead of doing it.</summary>
internal sealed class RedisRefusedException(string message) : Exception(message);
