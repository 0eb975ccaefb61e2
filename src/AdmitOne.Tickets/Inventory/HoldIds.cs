namespace AdmitOne.Tickets.Inventory;

/// <summary>
/// Ids of holds. The rows of one hold take consecutive ids, the first of which is the hold's own, so that the primary key finds a whole hold
/// and no further index is paid for on the busiest insert of all.
/// </summary>
public static class HoldIds
{
    /// <summary>How many rows a hold can have; the last byte of its id leaves room for them.</summary>
    public const int MaxRows = 64;

    /// <summary>A UUIDv7 whose last six bits are zero: 56 random bits remain beside the millisecond.</summary>
    public static Guid New(DateTimeOffset now)
    {
        Span<byte> bytes = stackalloc byte[16];
        Guid.CreateVersion7(now).TryWriteBytes(bytes, bigEndian: true, out _);
        bytes[15] &= 0b1100_0000;
        return new Guid(bytes, bigEndian: true);
    }

    /// <param name="row">0 to <see cref="MaxRows"/> - 1.</param>
    public static Guid Row(Guid holdId, int row)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, MaxRows);
        Span<byte> bytes = stackalloc byte[16];
        holdId.TryWriteBytes(bytes, bigEndian: true, out _);
        bytes[15] |= (byte)row;
        return new Guid(bytes, bigEndian: true);
    }

    public static Guid LastRow(Guid holdId) => Row(holdId, MaxRows - 1);
}
