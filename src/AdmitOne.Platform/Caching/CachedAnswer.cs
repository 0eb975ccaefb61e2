using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AdmitOne.Platform.Http;

namespace AdmitOne.Platform.Caching;

/// <summary>A public answer as it goes over the wire.</summary>
/// <param name="Body">UTF-8 JSON; empty for something that is not there.</param>
/// <param name="Tag">Its entity tag, in quotes.</param>
/// <param name="Of">The event, or the tenant, whose changes make it stale; null for an answer over many tenants, which any change does.</param>
/// <param name="ReadAt">When its reading began, as <see cref="TimeProvider.GetTimestamp"/> of this process: what changed after that, it may not show.</param>
/// <param name="IsOurs">This process has read it from PostgreSQL, after what it had heard by then; of another's copy it knows an age and no more.</param>
public sealed record CachedAnswer(byte[] Body, string Tag, Guid? Of, long ReadAt, bool IsOurs)
{
    private const int HeaderBytes = sizeof(long) + 16 + sizeof(int);

    public bool IsThere => Body.Length > 0;

    /// <summary>A strong tag for an answer that has no version of its own: the first half of its SHA-256.</summary>
    public static string TagOf(byte[] body) => $"\"{Convert.ToHexStringLower(SHA256.HashData(body).AsSpan(0, 16))}\"";

    /// <summary>For a store that keeps bytes: when, of what, length of the tag, tag, body.</summary>
    /// <param name="readAt">When its reading began, by the clock that other processes have too.</param>
    internal byte[] Pack(DateTimeOffset readAt)
    {
        var tag = Encoding.ASCII.GetBytes(Tag);
        var packed = new byte[HeaderBytes + tag.Length + Body.Length];
        BinaryPrimitives.WriteInt64LittleEndian(packed, readAt.UtcTicks);
        (Of ?? Guid.Empty).TryWriteBytes(packed.AsSpan(sizeof(long)));
        BinaryPrimitives.WriteInt32LittleEndian(packed.AsSpan(HeaderBytes - sizeof(int)), tag.Length);
        tag.CopyTo(packed, HeaderBytes);
        Body.CopyTo(packed, HeaderBytes + tag.Length);
        return packed;
    }

    /// <param name="readAt">What the process that packed it took for the time.</param>
    /// <returns>Null for bytes that are not ours; else an answer without an age of its own.</returns>
    internal static CachedAnswer? Unpack(byte[] packed, out DateTimeOffset readAt)
    {
        readAt = default;
        if (packed.Length <= HeaderBytes) return null;
        var tagLength = BinaryPrimitives.ReadInt32LittleEndian(packed.AsSpan(HeaderBytes - sizeof(int)));
        var ticks = BinaryPrimitives.ReadInt64LittleEndian(packed);
        if (tagLength is < 2 or > 200 || packed.Length < HeaderBytes + tagLength || ticks < 0 || ticks > DateTimeOffset.MaxValue.UtcTicks) return null;
        readAt = new DateTimeOffset(ticks, TimeSpan.Zero);
        var of = new Guid(packed.AsSpan(sizeof(long), 16));
        return new CachedAnswer(packed[(HeaderBytes + tagLength)..], Encoding.ASCII.GetString(packed, HeaderBytes, tagLength), of == Guid.Empty ? null : of,
            ReadAt: 0, IsOurs: false);
    }
}

/// <summary>What PostgreSQL said.</summary>
public sealed record ReadAnswer(byte[] Body, string Tag, Guid? Of)
{
    /// <summary>There is no such thing that the public may see.</summary>
    public static ReadAnswer NotThere { get; } = new([], "\"\"", null);

    /// <summary>As it will be sent, with a tag of its content.</summary>
    public static ReadAnswer Make<T>(T answer, Guid? of)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(answer, Json.Answers);
        return new(body, CachedAnswer.TagOf(body), of);
    }
}
