using System.CommandLine;
using System.Globalization;
using AdmitOne.Cli.Local;
using AdmitOne.Cli.Terminals;
using AdmitOne.Platform.Audit;
using AdmitOne.Tickets.Inventory;
using Dapper;
using Npgsql;

namespace AdmitOne.Cli.Commands;

/// <summary><c>admitone verify</c>: recounts everything from its rows, and computes the audit log's chain again, as an auditor who cannot change any.</summary>
internal static class VerifyCommand
{
    private const int Faults = 1;
    private const int CannotLook = 2;

    // Somebody waits for this answer, and may ask about an event of a hundred thousand tickets.
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(5);

    public static Command Create()
    {
        var data = DataOption.Create("the PostgreSQL of DB_HOST, DB_PORT, DB_NAME, DB_AUDIT_USER and DB_AUDIT_PASSWORD");
        var tenant = new Option<Guid?>("--tenant") { Description = "Only this tenant.", HelpName = "ID" };
        var eventId = new Option<Guid?>("--event") { Description = "Only this event.", HelpName = "ID" };
        var audit = new Option<bool>("--audit") { Description = "Only the audit log." };
        var anchors = new Option<string[]>("--anchor") { Description = "A hash that was logged, which the audit log's chain must have: TENANT:BLOCK:HASH.", HelpName = "ANCHOR" };
        var command = new Command("verify", "Recount stock, tickets, admissions and money from their rows, and check the audit log's chain. Exit code 0: all is right; 1: faults, a line each; 2: cannot look.")
        {
            data, tenant, eventId, audit, anchors,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            parsed.InvocationConfiguration, parsed.GetValue(data), new Scope(parsed.GetValue(tenant), parsed.GetValue(eventId), parsed.GetValue(audit), parsed.GetValue(anchors) ?? []), cancellationToken));
        return command;
    }

    /// <summary>Everything of every tenant, for who has just made or restored a database.</summary>
    internal static Task<bool> CheckAllAsync(NpgsqlDataSource source, Terminal terminal, CommandProgress progress, CancellationToken cancellationToken) =>
        CheckAsync(source, new Scope(null, null, false, []), terminal, progress, cancellationToken);

    private static async Task<int> RunAsync(InvocationConfiguration console, DirectoryInfo? data, Scope scope, CancellationToken cancellationToken)
    {
        string? target = null;
        try
        {
            target = AuditTarget.ConnectionString(GivenVariables.OfProcess(), data);
            await using var source = NpgsqlDataSource.Create(target);
            var terminal = Terminal.Of(console);
            return await terminal.RunAsync("verifying", progress => CheckAsync(source, scope, terminal, progress, cancellationToken)) ? 0 : Faults;
        }
        catch (CannotRunException fault)
        {
            await console.Error.WriteLineAsync("admitone: " + fault.Message);
        }
        catch (NpgsqlException fault)
        {
            await console.Error.WriteLineAsync("admitone: " + AuditTarget.Explain(fault, target!));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await console.Error.WriteLineAsync("admitone: stopped before everything was counted");
        }

        return CannotLook;
    }

    private static async Task<bool> CheckAsync(NpgsqlDataSource source, Scope scope, Terminal terminal, CommandProgress progress, CancellationToken cancellationToken)
    {
        var anchors = scope.Anchors.Select(ReadAnchor).ToArray();
        var tenants = await TenantsAsync(source, scope.Tenant, cancellationToken);
        var untouched = scope.Event is not null || await CheckAuditAsync(source, progress.Each("checking the audit log of tenant", tenants), anchors, terminal, cancellationToken);
        return (scope.AuditOnly || await RecountAsync(source, progress.Each("recounting tenant", tenants), scope.Event, terminal, cancellationToken)) && untouched;
    }

    private static async Task<bool> RecountAsync(NpgsqlDataSource source, IEnumerable<Guid> tenants, Guid? onlyEvent, Terminal terminal, CancellationToken cancellationToken)
    {
        var (count, types, faults) = (0, 0, new List<InventoryProblem>());
        foreach (var tenant in tenants)
        {
            count++;
            var report = await InventoryCheck.RunAsync(source, tenant, onlyEvent, s_longest, cancellationToken);
            types += report.Types;
            faults.AddRange(report.Problems);
            foreach (var fault in report.Problems)
            {
                terminal.WriteLine($"{fault.Kind}: tenant {tenant}, event {fault.EventId}, id {fault.Id}: {fault.Detail}");
            }
        }

        if (onlyEvent is { } one && types == 0 && faults.Count == 0)
        {
            throw new CannotRunException($"there is no event {one} with ticket types");
        }

        terminal.WriteLine($"recounted {Count(types, "ticket type")} of {Count(count, "tenant")}: {Summary(faults)}");
        return faults.Count == 0;
    }

    private static async Task<bool> CheckAuditAsync(NpgsqlDataSource source, IEnumerable<Guid> tenants, AuditAnchor[] anchors, Terminal terminal, CancellationToken cancellationToken)
    {
        var (rows, blocks, faults) = (0L, 0L, 0);
        foreach (var tenant in tenants)
        {
            var report = await AuditCheck.RunAsync(source, tenant, anchors, cancellationToken);
            (rows, blocks, faults) = (rows + report.Rows, blocks + report.Blocks, faults + report.Faults.Count);
            foreach (var fault in report.Faults)
            {
                terminal.WriteLine($"audit_{fault.Kind}: tenant {tenant}{(fault.Id is { } id ? $", id {id}" : "")}: {fault.Detail}");
            }
        }

        terminal.WriteLine($"checked {rows} rows of the audit log in {blocks} blocks: {(faults == 0 ? "no faults" : Count(faults, "fault"))}");
        return faults == 0;
    }

    private static AuditAnchor ReadAnchor(string text) =>
        text.Split(':') is [var tenant, var block, { Length: 64 } hash] && Guid.TryParse(tenant, out var tenantId)
            && long.TryParse(block, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? new AuditAnchor(tenantId, number, hash.ToLowerInvariant())
            : throw new CannotRunException($"--anchor wants TENANT:BLOCK:HASH as the log says them, not {text}");

    private static async Task<IReadOnlyList<Guid>> TenantsAsync(NpgsqlDataSource source, Guid? only, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var found = (await connection.QueryAsync<Guid>(new CommandDefinition(
            "select id from platform.tenants where @only::uuid is null or id = @only order by id", new { only }, cancellationToken: cancellationToken))).AsList();
        return only is null || found.Count > 0 ? found : throw new CannotRunException($"there is no tenant {only}");
    }

    private static string Summary(List<InventoryProblem> faults) => faults.Count == 0
        ? "no faults"
        : $"{Count(faults.Count, "fault")} ({string.Join(", ", faults.CountBy(fault => fault.Kind).Select(kind => $"{kind.Value} {kind.Key}"))})";

    private static string Count(int number, string what) => number == 1 ? $"1 {what}" : $"{number} {what}s";

    private sealed record Scope(Guid? Tenant, Guid? Event, bool AuditOnly, string[] Anchors);
}
