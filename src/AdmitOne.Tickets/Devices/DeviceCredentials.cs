using System.Collections.Concurrent;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Platform.Tenancy;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Devices;

/// <summary>The secrets of scanners. Only their SHA-256 is kept: they are random, so there is nothing to guess.</summary>
internal static class DeviceSecret
{
    // No two that are read for one another: a code is typed by hand.
    private const string Typeable = "23456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int ActivationCharacters = 12;
    private const int SecretBytes = 32;

    /// <returns>59 bits in 12 characters.</returns>
    public static string NewActivationCode() => RandomNumberGenerator.GetString(Typeable, ActivationCharacters);

    public static string New() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SecretBytes));

    public static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}

/// <summary>The scanners that called a moment ago. What is remembered is a second old at most; a scan asks for revocations in its own transaction.</summary>
internal sealed class KnownDevices(Database database, TimeProvider clock)
{
    private const int MaxKept = 10_000;
    private static readonly TimeSpan s_keep = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_seenEach = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<Guid, (Guid TenantId, DeviceRow? Device, long At)> _known = new();

    public void Forget(Guid id) => _known.TryRemove(id, out _);

    /// <returns>Null for a scanner that there is not.</returns>
    public async ValueTask<(Guid TenantId, DeviceRow Device)?> FindAsync(Guid id, string? appVersion, CancellationToken cancellationToken)
    {
        if (!_known.TryGetValue(id, out var known) || clock.GetElapsedTime(known.At) >= s_keep)
        {
            var (tenantId, device) = await ReadAsync(id, appVersion, cancellationToken);
            if (_known.Count >= MaxKept) _known.Clear();
            _known[id] = known = (tenantId, device, clock.GetTimestamp());
        }
        return known.Device is null ? null : (known.TenantId, known.Device);
    }

    private async Task<(Guid TenantId, DeviceRow? Device)> ReadAsync(Guid id, string? appVersion, CancellationToken cancellationToken)
    {
        if ((await database.AskForAllTenantsAsync<Guid?>("select tickets.tenant_of_device(@id)", new { id }, cancellationToken))[0] is not { } tenantId) return (default, null);
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        var device = await DeviceRow.FindAsync(work, id, cancellationToken);
        await work.ExecuteAsync("""
            update tickets.devices set last_seen_at = clock_timestamp(), app_version = coalesce(@appVersion, app_version)
             where id = @id and revoked_at is null and secret_hash is not null
               and (last_seen_at is null or last_seen_at < clock_timestamp() - @s_seenEach or app_version is distinct from coalesce(@appVersion, app_version))
            """, new { id, appVersion, s_seenEach }, cancellationToken);
        await work.CommitAsync(cancellationToken);
        return (tenantId, device);
    }
}

/// <summary>Knows a scanner by <c>Authorization: Device &lt;id&gt;.&lt;secret&gt;</c>. Only the routes of the door ask for this scheme.</summary>
internal sealed class DeviceCredentials(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, KnownDevices devices, TenantDirectory tenants)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    private const string Prefix = Policies.DeviceScheme + " ";
    private const string AppVersionHeader = "X-App-Version";
    private const int MaxVersion = 50;
    private const int MaxLength = 200;

    private static readonly AuthenticateResult s_unknown = Refuse(PlatformProblems.TokenInvalid.With("The scanner's credential is not accepted; activate it anew."));

    private static readonly ClaimsPrincipal s_device = new(new ClaimsIdentity([new Claim("role", Roles.Device)], Policies.DeviceScheme, "sub", "role"));

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var header = Request.Headers.Authorization.ToString();
        if (!header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)) return AuthenticateResult.NoResult();
        if (!TryRead(header[Prefix.Length..].Trim(), out var id, out var secret)) return s_unknown;

        var version = Request.Headers[AppVersionHeader].ToString();
        if (await devices.FindAsync(id, version is { Length: > 0 and <= MaxVersion } && !version.Any(char.IsControl) ? version : null, Context.RequestAborted) is not (var tenantId, var device)
            || device.SecretHash is not { } hash || !CryptographicOperations.FixedTimeEquals(hash, DeviceSecret.Hash(secret))) return s_unknown;
        if (device.RevokedAt is { } at) return Refuse(DeviceProblems.Revoked(at));
        if (await tenants.FindStatusAsync(tenantId, Context.RequestAborted) != TenantStatus.Active)
            return Refuse(PlatformProblems.TenantSuspended.With("Ask the platform's administrator to resume it."));

        Context.Items[AtTheDoor.Item] = new AtTheDoor(tenantId, UserId: null, new BoundDevice(device.Id, device.EventId, device.Gates) { SecretHash = hash });
        Context.Items[Actor.Item] = new Actor(ActorKind.Device, device.Id, device.Name, ClientAddress: null, RequestId: null);
        return AuthenticateResult.Success(new AuthenticationTicket(s_device, Policies.DeviceScheme));
    }

    // The id may stand there twice: whoever takes the credential for the secret alone is understood too.
    private static bool TryRead(string text, out Guid id, out string secret)
    {
        (id, secret) = (default, "");
        if (text.Length > MaxLength || text.IndexOf('.', StringComparison.Ordinal) is not (> 0 and var dot) || !Guid.TryParse(text[..dot], out id)) return false;
        secret = text[(text.LastIndexOf('.') + 1)..];
        return secret.Length > 0;
    }

    private static AuthenticateResult Refuse(Refusal refusal) => AuthenticateResult.Fail(new RefusedCredentialException(refusal));
}
