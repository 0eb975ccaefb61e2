using System.Globalization;
using System.Security.Cryptography;
using AdmitOne.Platform.Postgres;

namespace AdmitOne.Tickets.Scans;

/// <summary>
/// How far a pack goes: the oldest transaction that was still running when it was read. Whatever was not in it was written by that one or a
/// later one, so a delta repeats some and loses none; a time could do neither.
/// </summary>
/// <param name="Cluster">Which database this is and which of its histories: transactions of another are numbered differently.</param>
/// <param name="Layout">The event, and what the records' numbers mean: with another one everything is sent anew.</param>
internal sealed record DoorPackCursor(string Cluster, long Xmin, string Layout)
{
    // Beyond this a 32-bit row version could be taken for a newer one.
    private const long TooOld = 1L << 30;

    /// <summary>Where the database stands now.</summary>
    public static async Task<DoorPackCursor> ReadAsync(TenantWork work, string layout, CancellationToken cancellationToken)
    {
        var row = (await work.FindAsync<Row>("""
            select pg_snapshot_xmin(pg_current_snapshot())::text as xmin,
                   (select system_identifier::text from pg_control_system()) || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) as cluster
            """, null, cancellationToken))!;
        return new DoorPackCursor(row.Cluster, long.Parse(row.Xmin, CultureInfo.InvariantCulture), layout);
    }

    /// <summary>Whether a delta since then says all that has changed.</summary>
    public bool CanContinue(DoorPackCursor since) => since.Cluster == Cluster && since.Layout == Layout && since.Xmin <= Xmin && Xmin - since.Xmin < TooOld;

    /// <returns>16 hex digits.</returns>
    public static string LayoutOf(params IEnumerable<string> parts) => Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(string.Join('\n', parts))))[..16];

    private sealed class Row
    {
        public string Xmin { get; init; } = "";
        public string Cluster { get; init; } = "";
    }
}
