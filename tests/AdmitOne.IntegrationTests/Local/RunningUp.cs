using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using AdmitOne.Cli.Local;

namespace AdmitOne.IntegrationTests.Local;

/// <summary>`admitone up` as a process, with a data folder and ports of its own.</summary>
internal sealed class RunningUp : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);   // on a machine that does much else

    private readonly Process _process;
    private readonly StringBuilder _said = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private RunningUp(string folder, IReadOnlyList<int> ports, IEnumerable<(string Name, string Value)> variables, string[] options)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "admitone"), ["up", .. options]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["ADMITONE_DATA"] = folder;
        foreach (var (name, port) in PortNames.Zip(ports))
        {
            start.Environment[name] = port.ToString();
        }

        foreach (var (name, value) in variables) start.Environment[name] = value;

        // A test host that was itself started by a path of its own would hand the wrong runtime on.
        start.Environment["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Hear(line.Data);
        _process.ErrorDataReceived += (_, line) => Hear(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The variables that <see cref="FreePorts"/> are given to, in its order.</summary>
    public static IReadOnlyList<string> PortNames { get; } = ["EVENTS_PORT", "TICKETS_PORT", "AUTH_PORT", "VENUES_PORT", "MINTING_PORT"];

    public int Id => _process.Id;

    public string Said
    {
        get
        {
            lock (_said)
            {
                return _said.ToString();
            }
        }
    }

    /// <summary>Five ports that are free, of those that no outgoing connection is given: between a kill and the next start another test's could take one.</summary>
    public static IReadOnlyList<int> FreePorts()
    {
        var ports = new HashSet<int>();
        while (ports.Count < 5) ports.Add(FreePort.Choose(null));
        return [.. ports];
    }

    public static RunningUp Start(string folder, IReadOnlyList<int> ports, params string[] options) => new(folder, ports, [], options);

    public static RunningUp Start(string folder, IReadOnlyList<int> ports, IEnumerable<(string Name, string Value)> variables, params string[] options) => new(folder, ports, variables, options);

    public static async Task<RunningUp> StartReadyAsync(string folder, IReadOnlyList<int> ports, params string[] options)
    {
        var up = Start(folder, ports, options);
        try
        {
            await Task.WhenAny(up._ready.Task, up._process.WaitForExitAsync()).WaitAsync(s_patience);
            Assert.True(up._ready.Task.IsCompleted, up.Said);
            return up;
        }
        catch
        {
            await up.DisposeAsync();
            throw;
        }
    }

    public static async Task<JsonElement> ReadRunAsync(string folder) =>
        JsonSerializer.Deserialize<JsonElement>(await File.ReadAllTextAsync(Path.Combine(folder, "run.json")));

    public void Send(int signal) => _ = Kill(Id, signal);

    public async Task<int> ExitCodeAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(s_patience);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            Send(15);
            await ExitCodeAsync();
        }

        _process.Dispose();
    }

    private void Hear(string? line)
    {
        lock (_said)
        {
            _said.Append(line).Append('\n');
        }

        if (line == "AdmitOne is ready")
        {
            _ready.TrySetResult();
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int processId, int signal);
}
