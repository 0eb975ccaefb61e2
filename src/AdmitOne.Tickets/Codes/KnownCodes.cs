using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Telemetry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Tickets.Codes;

/// <summary>
/// The static codes of one event that are known to be signed by us, by their digest: nobody can make a second code with the digest of a good one,
/// and what is kept is no use to whoever reads the memory. It says nothing of whether a code still admits, which the database does at each scan.
/// </summary>
/// <param name="read">Reads what was kept of them, when verifying those that are unknown has cost about as much. Only a genuine code leads to it.</param>
public sealed class SignedCodes(Action<SignedCodes>? read = null)
{
    internal const int Max = 200_000;   // some 32 bytes each

    private const int LearntBeforeReading = 1_000;

    private readonly HashSet<UInt128> _digests = [];
    private int _learnt = LearntBeforeReading;   // none has been read yet
    private bool _isReading;

    /// <param name="code">Carrier and signature: 113 bytes.</param>
    public bool Has(ReadOnlySpan<byte> code)
    {
        var digest = Digest(code);
        lock (_digests) return _digests.Contains(digest);
    }

    /// <summary>One whose signature was verified just now: when it comes again, it is known.</summary>
    public void Learn(ReadOnlySpan<byte> code)
    {
        var digest = Digest(code);
        lock (_digests)
        {
            if (_digests.Count >= Max) return;   // reading would find as many as before
            _digests.Add(digest);
            _learnt++;
            if (read is null || _isReading || _learnt < Math.Max(LearntBeforeReading, _digests.Count / 10)) return;
            _isReading = true;
        }
        read(this);
    }

    /// <summary>What <c>read</c> has found.</summary>
    /// <param name="digests">16 bytes each; none if they could not be read.</param>
    internal void EndReading(IEnumerable<byte[]> digests)
    {
        lock (_digests)
        {
            foreach (var digest in digests) _digests.Add(MemoryMarshal.Read<UInt128>(digest));
            (_isReading, _learnt) = (false, 0);
        }
    }

    private static UInt128 Digest(ReadOnlySpan<byte> code)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(code, hash);
        return MemoryMarshal.Read<UInt128>(hash);
    }
}

/// <summary>
/// The codes of the events at whose doors this process scans. To verify a signature is the dearest part of a scan; a code that was kept when it was
/// first shown need only be recognised. All of an event are read after its first scan, and again when many were shown since (ADR 52).
/// </summary>
internal sealed partial class KnownCodes(Database database, IHostApplicationLifetime lifetime, ILogger<KnownCodes> logger)
{
    private const int MaxEvents = 16;

    private readonly ConcurrentDictionary<(Guid TenantId, Guid EventId), SignedCodes> _events = new();

    /// <returns>What is known now. Who asks never waits for more to be read.</returns>
    public SignedCodes Of(Guid tenantId, Guid eventId)
    {
        if (!_events.TryGetValue((tenantId, eventId), out var codes))
        {
            if (_events.Count >= MaxEvents) _events.Clear();   // they are verified until they have been read again
            codes = _events.GetOrAdd((tenantId, eventId), Make(tenantId, eventId));
        }
        return codes;
    }

    // Apart: what it keeps for later would be made for each scan.
    private SignedCodes Make(Guid tenantId, Guid eventId) => new(read: codes => _ = ReadAsync(tenantId, eventId, codes));

    private async Task ReadAsync(Guid tenantId, Guid eventId, SignedCodes codes)
    {
        WorkInHand.Is(nameof(KnownCodes));
        IReadOnlyList<byte[]> digests = [];
        try
        {
            digests = await database.Look(tenantId).QueryAsync<byte[]>("""
                select substring(sha256(c.carrier || c.signature) for 16)
                  from tickets.ticket_types y
                  join tickets.tickets t on t.tenant_id = y.tenant_id and t.ticket_type_id = y.id
                  join tickets.ticket_codes c on c.tenant_id = t.tenant_id and c.ticket_id = t.id
                 where y.tenant_id = @tenantId and y.event_id = @eventId limit @Max
                """, new { tenantId, eventId, SignedCodes.Max }, lifetime.ApplicationStopping);
            HasRead(digests.Count, eventId);
        }
        catch (Exception fault)
        {
            CouldNotRead(fault, eventId);   // nothing depends on it but how long a scan takes
        }
        finally
        {
            codes.EndReading(digests);
        }
    }

    [LoggerMessage(EventId = 4461, Level = LogLevel.Debug, Message = "{Count} codes of event {EventId} are known, and need not be verified")]
    private partial void HasRead(int count, Guid eventId);

    [LoggerMessage(EventId = 4462, Level = LogLevel.Information, Message = "The codes of event {EventId} could not be read: each is verified")]
    private partial void CouldNotRead(Exception fault, Guid eventId);
}
