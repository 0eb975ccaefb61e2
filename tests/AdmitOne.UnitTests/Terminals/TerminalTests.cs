using System.CommandLine;
using AdmitOne.Cli.Doctor;
using AdmitOne.Cli.Terminals;

namespace AdmitOne.UnitTests.Terminals;

/// <summary>What is written where no terminal is: scripts read it.</summary>
public sealed class TerminalTests : IDisposable
{
    private readonly StringWriter _results = new() { NewLine = "\n" };

    [Fact]
    public void Columns_are_plain_lines_without_trailing_blanks_however_long_they_are()
    {
        var longest = string.Join(' ', Enumerable.Repeat("[bold]every word[/]", 60));
        Plain().Write(TextGrid.Of(2, 7, TextGrid.Auto).Row("ok", "put it on sale", "12 ms").Row("failed", "paid", longest).Row("", "", ""));
        Assert.Equal($"  ok      put it on sale 12 ms\n  failed  paid           {longest}\n\n", _results.ToString());
    }

    [Fact]
    public void A_finding_keeps_its_line_and_what_to_do_stands_under_what_was_found()
    {
        DoctorView.Write(Plain(), [new("clocks", Finding.Go("0.1 s apart")), new("redis", Finding.NoGo("it does not answer", "Start it."))]);
        Assert.Equal($"GO       clocks               0.1 s apart\nNO-GO    redis                it does not answer\n{"",30}→ Start it.\n1 go, 1 no-go\n", _results.ToString());
    }

    [Fact]
    public void A_command_that_was_given_writers_takes_them_for_no_terminal()
    {
        var terminal = Terminal.Of(new InvocationConfiguration { Output = _results, Error = TextWriter.Null });
        terminal.WriteLine("[red]as it is[/]");
        terminal.WriteMarkdown("| a | b |\n| --- | --- |\n| 1 | 2 |");
        Assert.False(terminal.IsLive);
        Assert.Equal("[red]as it is[/]\n| a | b |\n| --- | --- |\n| 1 | 2 |" + Environment.NewLine, _results.ToString());
    }

    [Fact]
    public async Task What_lasts_says_on_the_error_output_how_far_it_is_and_leaves_the_results_alone()
    {
        using var progress = new LineWriter();
        var terminal = Terminal.Plain(_results, progress, TimeSpan.FromMilliseconds(5));
        await terminal.RunAsync("recounting", async doing =>
        {
            foreach (var tenant in doing.Each("recounting tenant", new[] { "a", "b" }))
            {
                if (tenant == "b") await progress.LineAsync("recounting tenant 2 of 2: ").WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
            }
        });
        Assert.Empty(_results.ToString());
    }

    [Fact]
    public async Task What_is_quick_says_nothing_and_its_fault_is_thrown()
    {
        using var progress = new LineWriter();
        var terminal = Terminal.Plain(_results, progress);
        Assert.Equal(7, await terminal.RunAsync("a sum", _ => Task.FromResult(3 + 4)));
        await Assert.ThrowsAsync<InvalidOperationException>(() => terminal.RunAsync("a fault", _ => Task.FromException<int>(new InvalidOperationException())));
        Assert.Empty(progress.Lines);
    }

    public void Dispose() => _results.Dispose();

    private Terminal Plain() => Terminal.Plain(_results, TextWriter.Null);

    /// <summary>Lets a test wait for a line.</summary>
    private sealed class LineWriter : StringWriter
    {
        private readonly TaskCompletionSource _came = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile string? _awaited;

        public List<string> Lines { get; } = [];

        public Task LineAsync(string start)
        {
            _awaited = start;
            return _came.Task;
        }

        public override Task WriteLineAsync(string? value)
        {
            lock (Lines) Lines.Add(value!);
            if (_awaited is { } start && value!.StartsWith(start, StringComparison.Ordinal)) _came.TrySetResult();
            return Task.CompletedTask;
        }
    }
}
