using System.Threading.Channels;
using Microsoft.Extensions.Configuration;

namespace AdmitOne.Platform.Telemetry;

/// <summary>
/// Takes finished log lines to standard output or a file, one writer for all threads. The channel is bounded: when the reader of our output
/// stands still, lines are dropped and counted instead of holding requests up.
/// </summary>
internal sealed class LogLines : IAsyncDisposable
{
    private const int MaxWaiting = 10_000;

    private readonly Channel<string> _lines = Channel.CreateBounded<string>(
        new BoundedChannelOptions(MaxWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    private readonly Stream _output;
    private readonly Task _writing;
    private long _dropped;

    public LogLines(IConfiguration configuration)
    {
        var path = configuration["LOG_FILE"];
        _output = string.IsNullOrEmpty(path)
            ? StandardOutput()
            : new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
        _writing = Task.Run(WriteAsync);
    }

    public long Dropped => Interlocked.Read(ref _dropped);

    public void Add(string line)
    {
        if (!_lines.Writer.TryWrite(line)) Interlocked.Increment(ref _dropped);
    }

    public async ValueTask DisposeAsync()
    {
        _lines.Writer.TryComplete();
        await _writing;
        await _output.DisposeAsync();
    }

    private async Task WriteAsync()
    {
        await using var writer = new StreamWriter(_output) { NewLine = "\n", AutoFlush = false };
        while (await _lines.Reader.WaitToReadAsync())
        {
            while (_lines.Reader.TryRead(out var line)) await writer.WriteLineAsync(line);
            await writer.FlushAsync();
        }
    }

#pragma warning disable RS0030 // A service's log is its standard output; this is the one place that opens it.
    private static Stream StandardOutput() => Console.OpenStandardOutput();
#pragma warning restore RS0030
}
