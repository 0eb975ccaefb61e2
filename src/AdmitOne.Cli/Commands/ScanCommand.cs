using System.CommandLine;
using System.Globalization;
using AdmitOne.Cli.Local;
using AdmitOne.Cli.Scanning;
using AdmitOne.Tickets.Codes;
using AdmitOne.Tickets.Scans;

namespace AdmitOne.Cli.Commands;

/// <summary><c>admitone scan</c>: a scanner, with a network and without. <c>docs/door.md</c> tells how it is used.</summary>
internal static class ScanCommand
{
    private const int SomeRefused = 1;
    private const int CannotScan = 2;
    private const int AtOnce = 500;

    public static Command Create()
    {
        var folder = new Option<DirectoryInfo>("--folder") { Description = "Where the scanner keeps who it is, its pack and its scans.", HelpName = "FOLDER", DefaultValueFactory = _ => new DirectoryInfo(".scanner"), Recursive = true };
        var gate = new Option<string?>("--gate") { Description = "Where it stands, if not where it was activated for.", HelpName = "NAME" };
        var offline = new Option<bool>("--offline") { Description = "Decide by the pack, as if there were no network." };
        var exit = new Option<bool>("--out") { Description = "They leave." };
        var codes = new Argument<string[]>("code") { Description = "Codes, or pictures of them (PNG, SVG, JPEG). Without any, they are read from standard input, a line each.", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("scan", "Be a scanner. Exit code 0: all were admitted; 1: some were refused; 2: cannot scan.") { folder, gate, offline, exit, codes, Activate(folder), Pack(folder), Sync(folder) };
        command.SetAction((parsed, cancellationToken) => GuardAsync(parsed, async console =>
        {
            var scanner = new ScannerFolder(parsed.GetRequiredValue(folder).FullName);
            var wish = new Wish(parsed.GetValue(gate) ?? scanner.Identity().Gate, parsed.GetValue(exit), parsed.GetValue(offline));
            return await ScanAsync(scanner, wish, parsed.GetValue(codes) ?? [], console, cancellationToken);
        }));
        return command;
    }

    private static Command Activate(Option<DirectoryInfo> folder)
    {
        var url = AddressOption.Create("--url", "The Ticket Service.");
        url.Required = true;
        var eventId = new Option<Guid?>("--event") { Description = "The event, if the scanner was registered for any.", HelpName = "ID" };
        var gate = new Option<string?>("--gate") { Description = "Where it stands, if it was registered for several gates or any.", HelpName = "NAME" };
        var code = new Argument<string>("code") { Description = "The one-time code that the manager was given." };
        var command = new Command("activate", "Exchange a one-time code for a credential of this scanner's own.") { url, eventId, gate, code };
        command.SetAction((parsed, cancellationToken) => GuardAsync(parsed, async console =>
        {
            var device = await DoorClient.ActivateAsync(parsed.GetRequiredValue(url)!, parsed.GetRequiredValue(code), cancellationToken);
            var at = device.EventId ?? parsed.GetValue(eventId) ?? throw new CannotRunException("this scanner is registered for any event: say --event ID, and have its manager make a new code");
            new ScannerFolder(parsed.GetRequiredValue(folder).FullName).Keep(new ScannerIdentity(
                parsed.GetRequiredValue(url)!, device.DeviceId, device.Credential, at, parsed.GetValue(gate) ?? (device.Gates is [var only] ? only : null)));
            await console.WriteLineAsync($"activated as \"{device.Name}\", device {device.DeviceId}, for event {at}");
            return 0;
        }));
        return command;
    }

    private static Command Pack(Option<DirectoryInfo> folder)
    {
        var command = new Command("pack", "Get what is needed to go on without a network: everything, or what has changed since.");
        command.SetAction((parsed, cancellationToken) => GuardAsync(parsed, async console =>
        {
            var scanner = new ScannerFolder(parsed.GetRequiredValue(folder).FullName);
            using var client = new DoorClient(scanner.Identity());
            await FetchAsync(scanner, client, console, cancellationToken);
            return 0;
        }));
        return command;
    }

    private static Command Sync(Option<DirectoryInfo> folder)
    {
        var command = new Command("sync", "Send what was scanned without a network, and get what has changed meanwhile. Doing it again changes nothing. Exit code 1: look at the list of conflicts.");
        command.SetAction((parsed, cancellationToken) => GuardAsync(parsed, async console =>
        {
            var scanner = new ScannerFolder(parsed.GetRequiredValue(folder).FullName);
            using var client = new DoorClient(scanner.Identity());
            using var journal = ScanJournal.Open(scanner);
            var sent = new List<(JournalLine Scan, OfflineScanResult Result)>();
            foreach (var batch in journal.Waiting.ToList().Chunk(AtOnce))
            {
                var merged = await client.MergeAsync([.. batch.Select(one => new OfflineScan
                {
                    Id = one.Line.Id.ToString(), Code = one.Line.Code, ScannedAt = one.Line.ScannedAt, Gate = one.Line.Gate, Direction = one.Line.Direction,
                })], cancellationToken);
                journal.Confirm(batch[^1].Number);
                sent.AddRange(batch.Select(one => one.Line).Zip(merged.Results));
            }
            var outcomes = sent.CountBy(one => one.Result.Outcome).Select(o => $"{o.Value} {o.Key}").ToList();
            await console.WriteLineAsync($"sent {sent.Count}: " + (sent.Count == 0 ? "nothing was waiting" : string.Join(", ", outcomes)));
            using var door = new OfflineDoor(await FetchAsync(scanner, client, console, cancellationToken), journal, TimeProvider.System);
            return await TellDoubtfulAsync(sent, door, parsed.InvocationConfiguration.Error, scanner.Identity().EventId);
        }));
        return command;
    }

    // Whoever is inside by a scan that did not count, beside another, or on a ticket that is dead by now.
    private static async Task<int> TellDoubtfulAsync(IReadOnlyList<(JournalLine Scan, OfflineScanResult Result)> sent, OfflineDoor door, TextWriter errors, Guid eventId)
    {
        var doubtful = new List<string>();
        foreach (var (scan, result) in sent.Where(one => one.Scan.Direction == "in"))
        {
            var where = First(scan.ScannedAt, scan.Gate);
            if (result.Outcome is "conflict" or "refused") doubtful.Add($"{result.Outcome} {result.Reason}: {where}");
            else if (door.StateOf(scan.Code) is { } state and not PackedState.Issued) doubtful.Add($"{result.Outcome}, {state.ToString().ToLowerInvariant()} since: {where}");
        }
        if (doubtful.Count == 0) return 0;
        foreach (var line in doubtful) await errors.WriteLineAsync(line);
        await errors.WriteLineAsync($"{doubtful.Count} to look at: GET /api/v1/events/{eventId}/scan-conflicts names gates and times");
        return SomeRefused;
    }

    private static async Task<KeptPack> FetchAsync(ScannerFolder scanner, DoorClient client, TextWriter console, CancellationToken cancellationToken)
    {
        var before = ScannerFolder.TryRead<KeptPack>(scanner.PackFile);
        var (arrived, ahead) = await client.PackAsync(before?.Pack.Cursor, cancellationToken);
        var kept = OfflineDoor.Keep(scanner, arrived, ahead);
        await console.WriteLineAsync($"pack: {(arrived.Whole ? "whole" : $"{arrived.Records.Count} changed")}, {kept.Pack.Records.Count} codes");
        return kept;
    }

    private static async Task<int> ScanAsync(ScannerFolder folder, Wish wish, IReadOnlyList<string> given, TextWriter console, CancellationToken cancellationToken)
    {
        using var client = new DoorClient(folder.Identity());
        using var journal = ScanJournal.Open(folder);
        OfflineDoor? offline = null;
        var refused = false;
        try
        {
            await foreach (var text in CodesAsync(given, cancellationToken))
            {
                var code = ScannedText.Trim(text).ToString();
                // What was let in here and is not uploaded yet, the service would let in again. An empty text is no request.
                if (!wish.Offline && code.Length > 0 && !journal.IsWaiting(code) && await client.TryScanAsync(code, wish.IsOut, wish.Gate, cancellationToken) is { } scan)
                {
                    refused |= scan.Result != "admitted";
                    if (OfflineDoor.Note(journal, code, wish.IsOut, scan) is { } noted) offline?.Remember(noted);
                    await console.WriteLineAsync(Line(scan.Result, scan.Reason, scan.Ticket is { } t ? [t.Type, t.Section, t.Holder] : [], First(scan.FirstAdmitted?.At, scan.FirstAdmitted?.Gate)));
                    continue;
                }
                offline ??= new OfflineDoor(OfflineDoor.Read(folder), journal, TimeProvider.System);
                var answer = offline.Scan(code, wish.IsOut, wish.Gate);
                refused |= answer.Result != "admitted";
                await console.WriteLineAsync(Line(answer.Result, answer.Reason, [answer.Type, answer.Section, answer.Holder], First(answer.FirstAt, "this scanner")) + " (offline)");
            }
        }
        finally
        {
            offline?.Dispose();
        }
        return refused ? SomeRefused : 0;
    }

    private static async IAsyncEnumerable<string> CodesAsync(IReadOnlyList<string> given, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var one in given)
        {
            if (!Picture.IsOne(one)) yield return one;
            else foreach (var code in await Picture.ReadAsync(one, cancellationToken)) yield return code;
        }
        if (given.Count > 0) yield break;
        while (await Console.In.ReadLineAsync(cancellationToken) is { } line)
            if (!string.IsNullOrWhiteSpace(line)) yield return line;
    }

    private static string Line(string result, string reason, string?[] ticket, string? first) =>
        result + (reason == "ok" ? "" : " " + reason) + (ticket.Any(t => t is not null) ? ": " + string.Join(" · ", ticket.OfType<string>()) : "") + (reason == "already_admitted" && first is not null ? $", first {first}" : "");

    private static string? First(DateTimeOffset? at, string? gate) => at is { } time ? time.UtcDateTime.ToString("HH:mm:ss'Z'", CultureInfo.InvariantCulture) + (gate is null ? "" : $" at {gate}") : null;

    private static async Task<int> GuardAsync(ParseResult parsed, Func<TextWriter, Task<int>> runAsync)
    {
        try
        {
            return await runAsync(parsed.InvocationConfiguration.Output);
        }
        catch (Exception fault) when (fault is CannotRunException or HttpRequestException or IOException or UnauthorizedAccessException)
        {
            await parsed.InvocationConfiguration.Error.WriteLineAsync("admitone: " + fault.Message);
            return CannotScan;
        }
    }

    private sealed record Wish(string? Gate, bool IsOut, bool Offline);
}
