using System.Diagnostics;
using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Configuration;

namespace AdmitOne.Platform.Telemetry;

/// <summary>
/// Takes finished log lines to standard output or a file, one writer for all threads. The channel is bounded: while the output takes nothing, because its reader
/// has stopped or its disk is full, lines wait, and then are dropped and counted, instead of holding requests up. It goes on as soon as the output takes lines again.
/// </summary>
internal sealed class LogLines : IAsyncDisposable
{
    private const int MaxWaiting = 10_000;
    private const int MaxWritten = 64 * 1024;

    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestEnd = TimeSpan.FromSeconds(2);
    private static readonly byte[] s_lineEnd = "\n"u8.ToArray();

    private readonly Channel<string> _lines = Channel.CreateBounded<string>(
        new BoundedChannelOptions(MaxWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    private readonly CancellationTokenSource _ends = new();
    private readonly Stream _output;
    private readonly Task _writing;
    private long _dropped;
    private long _writingSince;

    public LogLines(IConfiguration configuration) : this(Output(configuration["LOG_FILE"])) { }

    /// <param name="output">Is disposed of with it.</param>
    internal LogLines(Stream output)
    {
        _output = output;
        // A thread of its own: a write that an unread pipe blocks must not keep one of the pool.
        _writing = Task.Factory.StartNew(Write, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>How long the lines that are being written have waited for the output to take them; zero if none are.</summary>
    public TimeSpan Stalled => Interlocked.Read(ref _writingSince) is > 0 and var since ? Stopwatch.GetElapsedTime(since) : TimeSpan.Zero;

    public void Add(string line)
    {
        if (!_lines.Writer.TryWrite(line)) Interlocked.Increment(ref _dropped);
    }

    /// <summary>Writes what waits, for at most two seconds: an output that takes nothing does not keep the process.</summary>
    public async ValueTask DisposeAsync()
    {
        _lines.Writer.TryComplete();
        _ends.CancelAfter(s_longestEnd);
        await _writing.WaitAsync(s_longestEnd + s_pause).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!_writing.IsCompleted) return;   // its thread is inside a write that nothing ends but the process
        await _output.DisposeAsync();
        _ends.Dispose();
    }

    private void Write()
    {
        using var batch = new MemoryStream();
        while (_lines.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            var count = 0;
            for (batch.SetLength(0); batch.Length < MaxWritten && _lines.Reader.TryRead(out var line); count++)
            {
                batch.Write(Encoding.UTF8.GetBytes(line));
                batch.Write(s_lineEnd);
            }
            Interlocked.Exchange(ref _writingSince, Stopwatch.GetTimestamp());
            if (!TryWrite(batch.GetBuffer().AsSpan(0, (int)batch.Length))) Interlocked.Add(ref _dropped, count);
            Interlocked.Exchange(ref _writingSince, 0);
        }
    }

    /// <summary>Repeats what a full disk refuses until it is taken or the log ends.</summary>
    private bool TryWrite(ReadOnlySpan<byte> lines)
    {
        while (true)
        {
            try
            {
                _output.Write(lines);
                _output.Flush();
                return true;
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                if (_ends.Token.WaitHandle.WaitOne(s_pause)) return false;
            }
        }
    }

    private static Stream Output(string? path) => string.IsNullOrEmpty(path) ? StandardOutput() : new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);

#pragma warning disable RS0030 // A service's log is its standard output; this is the one place that opens it.
    private static Stream StandardOutput() => Console.OpenStandardOutput();
#pragma warning restore RS0030
}
