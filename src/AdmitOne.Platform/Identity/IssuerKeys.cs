using System.Text.Json;
using AdmitOne.Platform.Outbound;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace AdmitOne.Platform.Identity;

/// <summary>
/// The keys that the issuer publishes (OpenID Connect discovery, then its key set). They are read when the first token comes, again every ten
/// minutes, and when a token names a key that is not among them, at most once in ten seconds: a flood of invented names costs the issuer nothing.
/// </summary>
internal sealed partial class IssuerKeys(IOptions<JwtOptions> options, NeighbourMetrics metrics, TimeProvider clock, ILogger<IssuerKeys> logger) : IDisposable
{
    public const string Neighbour = "auth";

    public static readonly TimeSpan LeastInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_goodFor = TimeSpan.FromMinutes(10);
    private const int MaxDocumentBytes = 256 * 1024;
    private const int MaxKeys = 50;

    private readonly HttpClient _http = new(new CallMeter(Neighbour, metrics) { InnerHandler = new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) } })
    {
        Timeout = TimeSpan.FromSeconds(3),
        MaxResponseContentBufferSize = MaxDocumentBytes,
    };
    private readonly SemaphoreSlim _one = new(1, 1);
    private IReadOnlyList<SecurityKey> _keys = [];
    private long? _readAt;
    private long? _triedAt;

    /// <summary>Whether tokens are verified by published keys, and not by a secret.</summary>
    public bool AreUsed => options.Value.Secret.Length == 0;

    /// <summary>Has the key of this name at hand, if the issuer publishes it.</summary>
    /// <returns>False if no key is known at all, because the issuer has never answered.</returns>
    public async Task<bool> PrepareAsync(string? keyId, CancellationToken cancellationToken)
    {
        if (IsFresh(keyId)) return true;
        await _one.WaitAsync(cancellationToken);
        try
        {
            // Those who waited together are answered by one reading.
            if (!IsFresh(keyId) && (_triedAt is not { } tried || clock.GetElapsedTime(tried) >= LeastInterval)) await ReadAsync(cancellationToken);
        }
        finally
        {
            _one.Release();
        }
        return _keys.Count > 0;
    }

    /// <returns>The keys of this name; a token without one is matched by none.</returns>
    public IEnumerable<SecurityKey> Find(string? keyId) => _keys.Where(key => keyId is { Length: > 0 } && key.KeyId == keyId);

    public void Dispose()
    {
        _http.Dispose();
        _one.Dispose();
    }

    private bool IsFresh(string? keyId) => _readAt is { } read && clock.GetElapsedTime(read) < s_goodFor && Find(keyId).Any();

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            var discovery = await GetAsync(new Uri(options.Value.AuthServiceUrl!.TrimEnd('/') + "/.well-known/openid-configuration"), cancellationToken);
            // A document of another issuer would vouch for keys that are not this one's.
            if (discovery.GetProperty("issuer").GetString() != options.Value.Issuer) throw new InvalidOperationException("The document is another issuer's.");
            var set = await GetAsync(new Uri(discovery.GetProperty("jwks_uri").GetString()!), cancellationToken);
            // A symmetric key has no business in a public list, and one for encryption signs nothing.
            var keys = new JsonWebKeySet(set.GetRawText()).GetSigningKeys().Where(key => key is RsaSecurityKey or ECDsaSecurityKey or X509SecurityKey).Take(MaxKeys).ToArray();
            if (keys.Length == 0) throw new InvalidOperationException("The list of keys has none that signs.");
            (_keys, _readAt) = (keys, clock.GetTimestamp());
            HasRead(keys.Length);
        }
        catch (Exception fault) when (fault is HttpRequestException or JsonException or InvalidOperationException or KeyNotFoundException or ArgumentException or UriFormatException
                                      || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            CannotRead(fault);   // what was read before goes on being used
        }
        finally
        {
            _triedAt = clock.GetTimestamp();
        }
    }

    private async Task<JsonElement> GetAsync(Uri address, CancellationToken cancellationToken)
    {
        using var answer = await _http.GetAsync(address, cancellationToken);
        answer.EnsureSuccessStatusCode();
        return JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancellationToken)).RootElement.Clone();
    }

    [LoggerMessage(EventId = 1601, Level = LogLevel.Information, Message = "Read {Count} signing keys of the issuer")]
    private partial void HasRead(int count);

    [LoggerMessage(EventId = 1602, Level = LogLevel.Warning, Message = "The issuer's signing keys cannot be read")]
    private partial void CannotRead(Exception fault);
}
