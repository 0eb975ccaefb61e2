using System.CommandLine;
using System.Text;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace AdmitOne.Cli.Terminals;

/// <summary>Where a command writes its lines and tables, and shows what it is doing while it lasts.</summary>
/// <remarks>
/// On a terminal everything is drawn within its width, in colour unless <c>NO_COLOR</c> is set. Elsewhere every line is plain, whole and without
/// trailing blanks, because scripts read it. Progress goes to the error output, so that the results stay what they are.
/// </remarks>
public sealed class Terminal
{
    // Wide enough that no line is wrapped.
    private const int Unlimited = 100_000;
    private const int Usual = 80;
    private static readonly TimeSpan s_refresh = TimeSpan.FromMilliseconds(200);

    private readonly IAnsiConsole _results;
    private readonly IAnsiConsole _progress;
    private readonly TimeSpan _lineEvery;

    private Terminal(IAnsiConsole results, IAnsiConsole progress, TimeSpan lineEvery) => (_results, _progress, _lineEvery) = (results, progress, lineEvery);

    /// <summary>Whether what was drawn can be drawn over.</summary>
    public bool IsLive => Live(_results);

    /// <summary>The output and the error output that a command was given.</summary>
    public static Terminal Of(InvocationConfiguration console)
    {
        ArgumentNullException.ThrowIfNull(console);
        var (output, error) = (ReferenceEquals(console.Output, Console.Out), ReferenceEquals(console.Error, Console.Error));
        // Read at each use: what stands in for a terminal that has been closed is set later.
        return Of(output ? () => Console.Out : () => console.Output, output && !Console.IsOutputRedirected,
            error ? () => Console.Error : () => console.Error, error && !Console.IsErrorRedirected);
    }

    /// <summary>The output and the error output of this process.</summary>
    public static Terminal OfProcess() => Of(() => Console.Out, !Console.IsOutputRedirected, () => Console.Error, !Console.IsErrorRedirected);

    /// <summary>Writers that are no terminal, such as files.</summary>
    /// <param name="lineEvery">How often progress is a line; 10 seconds without it.</param>
    public static Terminal Plain(TextWriter results, TextWriter progress, TimeSpan? lineEvery = null) =>
        new(Create(() => results, isTerminal: false), Create(() => progress, isTerminal: false), lineEvery ?? CommandProgress.LineEvery);

    /// <summary>One line of text as it is; <c>[</c> has no meaning in it.</summary>
    public void WriteLine(string line = "")
    {
        if (IsLive) _results.WriteLine(line);
        else _results.Profile.Out.Writer.WriteLine(line);
    }

    /// <summary>Text that is never wrapped: someone copies it.</summary>
    public void WriteAsIs(string text) => _results.Profile.Out.Writer.Write(text);

    /// <summary>A table, a grid or another drawing.</summary>
    public void Write(IRenderable drawing)
    {
        if (IsLive)
        {
            _results.Write(drawing);
            return;
        }
        using var drawn = new StringWriter();
        Create(() => drawn, isTerminal: false).Write(drawing);
        foreach (var line in drawn.ToString().TrimEnd('\n').Split('\n')) _results.Profile.Out.Writer.WriteLine(line.TrimEnd());
    }

    /// <summary>Does something while showing that it goes on: a spinner and the time on a terminal, elsewhere a line now and then.</summary>
    /// <param name="what">What is being done, such as "restoring 1200 rows".</param>
    /// <param name="work">Is given the progress, to say how far it is.</param>
    public async Task<T> RunAsync<T>(string what, Func<CommandProgress, Task<T>> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        if (!Live(_progress)) return await new CommandProgress(what).RunAsync(work, _progress.Profile.Out.Writer, _lineEvery);
        var progress = _progress.Progress().AutoClear(true).Columns(new SpinnerColumn(Spinner.Known.Line), new TaskDescriptionColumn { Alignment = Justify.Left }, new ElapsedTimeColumn());
        progress.RefreshRate = s_refresh;
        return await progress.StartAsync(async context => await work(new CommandProgress(what, context.AddTask(Markup.Escape(what), maxValue: 1))));
    }

    /// <inheritdoc cref="RunAsync{T}"/>
    public Task RunAsync(string what, Func<CommandProgress, Task> work) => RunAsync(what, async progress =>
    {
        await work(progress);
        return 0;
    });

    /// <summary>Draws something over itself until it is stopped; only where <see cref="IsLive"/>.</summary>
    public Task DrawAsync(Func<IRenderable> drawing, TimeSpan every, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(drawing);
        return _results.Live(drawing()).StartAsync(context => EveryAsync(every, () => context.UpdateTarget(drawing()), stop));
    }

    /// <summary>Does something again and again, and a last time when it is stopped.</summary>
    internal static async Task EveryAsync(TimeSpan every, Action act, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(every);
        try
        {
            while (await timer.WaitForNextTickAsync(stop)) act();
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            act();
        }
    }

    private static Terminal Of(Func<TextWriter> output, bool outputIsTerminal, Func<TextWriter> error, bool errorIsTerminal)
    {
        var results = Create(output, outputIsTerminal);
        // On one and the same terminal, lines must be written above the spinner and not into it.
        return new Terminal(results, outputIsTerminal && errorIsTerminal ? results : Create(error, errorIsTerminal), CommandProgress.LineEvery);
    }

    private static bool Live(IAnsiConsole console) => console.Profile.Out.IsTerminal && console.Profile.Capabilities.Ansi;

    private static IAnsiConsole Create(Func<TextWriter> writer, bool isTerminal) => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Out = new Target(writer, isTerminal),
        Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
        ColorSystem = isTerminal && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        Interactive = isTerminal ? InteractionSupport.Yes : InteractionSupport.No,
        // They would turn colours on in the log of a build server.
        Enrichment = new ProfileEnrichment { UseDefaultEnrichers = false },
    });

    private sealed class Target(Func<TextWriter> writer, bool isTerminal) : IAnsiConsoleOutput
    {
        public TextWriter Writer => writer();

        public bool IsTerminal => isTerminal;

        public int Width => !isTerminal ? Unlimited : Console.WindowWidth is > 0 and var width ? width : Usual;

        public int Height => isTerminal && Console.WindowHeight is > 0 and var height ? height : Unlimited;

        public void SetEncoding(Encoding encoding)
        {
            // The process's own stays.
        }
    }
}
