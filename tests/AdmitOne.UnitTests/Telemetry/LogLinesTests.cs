using System.Text;
using AdmitOne.Platform.Telemetry;

namespace AdmitOne.UnitTests.Telemetry;

/// <summary>An output that takes nothing keeps neither the threads that log nor the process, and is written again when it takes lines.</summary>
public sealed class LogLinesTests
{
    private const int MaxWaiting = 10_000;

    [Fact]
    public async Task Lines_that_a_full_disk_refused_are_written_when_it_has_room()
    {
        using var disk = new FullDisk();
        var lines = new LogLines(disk);
        foreach (var number in Enumerable.Range(0, 100)) lines.Add($"line {number}");
        await UntilAsync(() => lines.Stalled > TimeSpan.Zero && disk.Refused > 0);
        disk.HasRoom = true;
        await UntilAsync(() => disk.Text.Contains("line 99\n", StringComparison.Ordinal));
        Assert.Equal(TimeSpan.Zero, lines.Stalled);
        lines.Add("one more");
        await lines.DisposeAsync();
        Assert.Equal(string.Concat(Enumerable.Range(0, 100).Select(number => $"line {number}\n")) + "one more\n", disk.Text);
        Assert.Equal(0, lines.Dropped);
    }

    [Fact]
    public async Task A_pipe_that_nothing_reads_drops_what_is_too_much_and_does_not_keep_the_process()
    {
        using var pipe = new UnreadPipe();
        var lines = new LogLines(pipe);
        lines.Add("the first");
        await UntilAsync(() => lines.Stalled > TimeSpan.Zero);
        foreach (var number in Enumerable.Range(0, MaxWaiting + 5)) lines.Add($"line {number}");
        Assert.Equal(5, lines.Dropped);
        await lines.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_disk_that_stays_full_does_not_keep_the_process()
    {
        using var disk = new FullDisk();
        var lines = new LogLines(disk);
        lines.Add("the first");
        await UntilAsync(() => disk.Refused > 0);
        await lines.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Equal(1, lines.Dropped);
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        var since = TimeProvider.System.GetTimestamp();
        for (; !isSo(); await Task.Delay(10, TestContext.Current.CancellationToken)) Assert.True(TimeProvider.System.GetElapsedTime(since) < TimeSpan.FromSeconds(30));
    }

    private sealed class FullDisk : MemoryStream
    {
        private volatile bool _hasRoom;
        private volatile int _refused;
        private volatile string _text = "";

        public bool HasRoom { set => _hasRoom = value; }

        public int Refused => _refused;

        public string Text => _text;

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (!_hasRoom)
            {
                _refused++;
                throw new IOException("No space left on device");
            }
            _text += Encoding.UTF8.GetString(buffer);
        }
    }

    private sealed class UnreadPipe : MemoryStream
    {
        private readonly ManualResetEventSlim _ends = new();

        public override void Write(ReadOnlySpan<byte> buffer) => _ends.Wait();

        protected override void Dispose(bool disposing)
        {
            _ends.Set();
            base.Dispose(disposing);
        }
    }
}
