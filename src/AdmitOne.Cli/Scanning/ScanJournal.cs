using System.Globalization;
using System.Text;
using System.Text.Json;
using AdmitOne.Cli.Local;
using AdmitOne.Platform.Http;

namespace AdmitOne.Cli.Scanning;

/// <summary>One code that was held out.</summary>
/// <param name="Id">By which the server knows it again when it is sent twice.</param>
/// <param name="Lookup">Which ticket, for this scanner alone: 8 bytes, Base64.</param>
/// <param name="Step">Of a rotating code.</param>
/// <param name="Online">The server decided it; it is kept only to be remembered when the network goes.</param>
internal sealed record JournalLine(Guid Id, string Lookup, string Code, DateTimeOffset ScannedAt, string? Gate, string Direction, string Result, string Reason, uint? Step, bool Online);

/// <summary>
/// What was scanned, a line each, on the disk before anybody is let in offline. A power cut in the middle of a line loses that line, and nobody
/// was told anything by then. Lines are sent in order; how many were is kept beside them, and sending some twice does no harm.
/// </summary>
internal sealed class ScanJournal : IDisposable
{
    private readonly FileStream _file;
    private readonly string _syncedFile;
    private readonly List<JournalLine> _lines = [];

    private ScanJournal(FileStream file, string syncedFile) => (_file, _syncedFile) = (file, syncedFile);

    public IReadOnlyList<JournalLine> Lines => _lines;

    /// <summary>Those that let somebody pass and that the server has not confirmed yet.</summary>
    public IEnumerable<(JournalLine Line, int Number)> Waiting => _lines.Select((line, n) => (line, n + 1)).Skip(Synced).Where(one => one is { line: { Result: "admitted", Online: false } });

    /// <summary>Whether this scanner let a code pass and the server does not know of it yet.</summary>
    public bool IsWaiting(string code) => Waiting.Any(one => one.Line.Code == code);

    private int Synced => File.Exists(_syncedFile) ? int.Parse(File.ReadAllText(_syncedFile), CultureInfo.InvariantCulture) : 0;

    /// <exception cref="CannotRunException">Another program uses it.</exception>
    public static ScanJournal Open(ScannerFolder folder)
    {
        FileStream file;
        try
        {
            file = new FileStream(folder.JournalFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException fault)
        {
            throw new CannotRunException($"{folder.JournalFile} is in use by another scanner: {fault.Message}", fault);
        }
        var journal = new ScanJournal(file, folder.SyncedFile);
        journal.Read();
        return journal;
    }

    /// <summary>Writes a line through to the disk. Only then may anybody be let in.</summary>
    public void Add(JournalLine line)
    {
        _file.Write([.. JsonSerializer.SerializeToUtf8Bytes(line, Json.Answers), (byte)'\n']);
        _file.Flush(flushToDisk: true);
        _lines.Add(line);
    }

    /// <summary>The server has answered all lines up to this one.</summary>
    public void Confirm(int number) => ScannerFolder.Replace(_syncedFile, Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture)));

    public void Dispose() => _file.Dispose();

    private void Read()
    {
        var bytes = new byte[_file.Length];
        _file.ReadExactly(bytes);
        var whole = bytes.AsSpan().LastIndexOf((byte)'\n') + 1;
        foreach (var line in Encoding.UTF8.GetString(bytes, 0, whole).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            _lines.Add(JsonSerializer.Deserialize<JournalLine>(line, Json.Answers)!);
        _file.SetLength(whole);   // what a power cut left of a line
        _file.Position = whole;
    }
}
