namespace AdmitOne.Platform.Identity;

/// <summary>A person without a sign-in, as their token says.</summary>
public sealed record GuestToken(Guid TenantId, Guid UserId, DateTimeOffset EndsAt);

/// <summary>Reads the bearer tokens of guests. A service that has none registered accepts no guests.</summary>
public interface IGuestTokens
{
    /// <summary>How the token of a guest begins; no JWT begins so.</summary>
    const string Prefix = "guest.";

    /// <param name="token">With its prefix.</param>
    /// <returns>Null for a token that was not issued here. One whose time is over is returned.</returns>
    GuestToken? Read(ReadOnlySpan<char> token);
}
