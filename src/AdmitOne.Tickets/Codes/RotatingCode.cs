using System.Buffers.Binary;
using System.Security.Cryptography;

namespace AdmitOne.Tickets.Codes;

/// <summary>
/// The part of a rotating code that changes: a step, which is the number of half minutes since 1970 in 4 bytes, and the first 10 bytes of
/// HMAC-SHA256 over it with the ticket's secret. Both ends are big-endian, and the holder's phone makes it without signal.
/// </summary>
public static class RotatingCode
{
    public const int PeriodSeconds = 30;
    public const int Bytes = StepBytes + MacBytes;

    /// <summary>How many steps a clock may be off, either way. A captured code is dead 60 s after it was due, and 90 s after it was shown too early.</summary>
    public const int Tolerance = 1;

    private const int StepBytes = 4;
    private const int MacBytes = 10;

    public static uint StepAt(DateTimeOffset time) => (uint)(time.ToUnixTimeSeconds() / PeriodSeconds);

    /// <summary>When this step's time begins.</summary>
    public static DateTimeOffset Begins(long step) => DateTimeOffset.FromUnixTimeSeconds(step * PeriodSeconds);

    public static bool IsDue(uint step, DateTimeOffset now) => Math.Abs(StepAt(now) - (long)step) <= Tolerance;

    /// <param name="secret">32 bytes.</param>
    /// <returns>Step and MAC: 14 bytes.</returns>
    public static byte[] Make(ReadOnlySpan<byte> secret, uint step)
    {
        var made = new byte[Bytes];
        BinaryPrimitives.WriteUInt32BigEndian(made, step);
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(secret, made.AsSpan(0, StepBytes), mac);
        mac[..MacBytes].CopyTo(made.AsSpan(StepBytes));
        return made;
    }

    /// <summary>Whether whoever made it had the secret. Whether its step is due is another question.</summary>
    public static bool TryRead(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> code, out uint step)
    {
        step = BinaryPrimitives.ReadUInt32BigEndian(code);
        return CryptographicOperations.FixedTimeEquals(Make(secret, step), code[..Bytes]);
    }
}
