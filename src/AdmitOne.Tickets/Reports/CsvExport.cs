using System.Text;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Tickets.Reports;

/// <summary>A file of an event's rows.</summary>
/// <param name="Name">What the browser calls it.</param>
/// <param name="Header">The first line, without its end.</param>
/// <param name="ReadAfterAsync">Reads up to <see cref="CsvExport.RowsAtOnce"/> rows after one; null: from the first.</param>
/// <param name="Line">A row's cells.</param>
internal sealed record CsvFile<TRow>(string Name, string Header, Func<TRow?, CancellationToken, Task<IReadOnlyList<TRow>>> ReadAfterAsync, Func<TRow, IEnumerable<string>> Line) where TRow : class;

/// <summary>
/// Writes rows as CSV (RFC 4180) in UTF-8 with the mark by which a spreadsheet knows it. It reads a page at a time, each from where the last one ended, and gives its connection back
/// before it writes: memory stays what one page needs, a slow reader holds nothing, and no long snapshot holds up the cleaning of the busiest rows.
/// </summary>
internal sealed class CsvExport(ReportBounds bounds, CallerAccess callers, Database database)
{
    public const int RowsAtOnce = 5_000;

    /// <summary>Sends an event's file, or says why not: there is no such event, or too many files are read.</summary>
    public async Task<IResult> SendAsync<TRow>(Guid eventId, CsvFile<TRow> file, Caller caller, HttpContext context, CancellationToken cancellationToken) where TRow : class
    {
        var (call, tooMany) = bounds.Open(caller.TenantId, caller.UserId);
        if (call is null) return tooMany!;
        using var open = call;
        await using var access = callers.Watch(caller, cancellationToken);
        if (await database.Look(caller.TenantId).FindAsync<string>("select name from events.sale_window where event_id = @eventId", new { eventId }, cancellationToken) is null)
            return PlatformProblems.NotFound.With("There is no such event.");
        var (first, busy) = await ReadAsync(null);
        if (first is null) return busy!;

        context.NeverCache();
        context.Response.ContentType = "text/csv; charset=utf-8";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"{file.Name}\"";
        var body = context.Response.BodyWriter;
        Encoding.UTF8.GetBytes($"\uFEFF{file.Header}\r\n", body);
        try
        {
            for (var rows = first; rows is not null; rows = (await ReadAsync(rows[^1])).Rows)
            {
                foreach (var row in rows) Encoding.UTF8.GetBytes(string.Join(',', file.Line(row).Select(Cell)) + "\r\n", body);
                await body.FlushAsync(access.Ends);   // waits for a slow reader instead of piling up
                if (rows.Count < RowsAtOnce) return Results.Empty;
            }
        }
        catch (OperationCanceledException) when (access.IsWithdrawn)
        {
            // The caller may not have it any more.
        }
        context.Abort();   // what has been sent must not look whole
        return Results.Empty;

        async Task<(IReadOnlyList<TRow>? Rows, Refusal? Refusal)> ReadAsync(TRow? after)
        {
            var (place, refusal) = await bounds.EnterAsync(caller.TenantId, caller.UserId, access.Ends);
            using (place) return place is null ? (null, refusal) : (await file.ReadAfterAsync(after, access.Ends), null);
        }
    }

    /// <summary>Quoted where RFC 4180 wants it. What a spreadsheet would take for a formula gets an apostrophe: a buyer's address is text, whatever it begins with.</summary>
    internal static string Cell(string text)
    {
        if (text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' or '\r') text = "'" + text;
        return text.AsSpan().IndexOfAny(",\"\r\n") >= 0 ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
    }

    /// <summary>An instant in UTC, to the second.</summary>
    internal static string Instant(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
