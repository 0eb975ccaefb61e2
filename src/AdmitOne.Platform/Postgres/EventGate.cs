using System.Buffers.Binary;
using System.Security.Cryptography;

namespace AdmitOne.Platform.Postgres;

/// <summary>
/// The advisory lock of one event. Selling takes it shared, whatever closes or narrows sales takes it exclusively first: once a cancel has
/// been answered, no sale of that event can commit any more. Both services derive the key from the event's id in the same way.
/// </summary>
public static class EventGate
{
    /// <summary>Take it as a statement of its own; the next statement's snapshot then sees what the last holder committed.</summary>
    public const string EnterToSell = "select pg_advisory_xact_lock_shared(@gate)";

    public const string EnterToClose = "select pg_advisory_xact_lock(@gate)";

    /// <returns>The first 8 bytes of SHA-256 over the id's 16 bytes in network order.</returns>
    public static long Key(Guid eventId)
    {
        Span<byte> id = stackalloc byte[16];
        eventId.TryWriteBytes(id, bigEndian: true, out _);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(id, hash);
        return BinaryPrimitives.ReadInt64BigEndian(hash);
    }
}
