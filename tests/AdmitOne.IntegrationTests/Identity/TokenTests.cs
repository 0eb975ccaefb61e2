using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using AdmitOne.Identity;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using AdmitOne.Tickets;
using Microsoft.AspNetCore.Builder;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace AdmitOne.IntegrationTests.Identity;

/// <summary>Which tokens are believed, by a shared secret or by the issuer's published keys.</summary>
public sealed class TokenTests(World world) : IClassFixture<World>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private Dictionary<string, object> Claims(string? jti = null) => new()
    {
        ["sub"] = Guid.CreateVersion7().ToString(), ["tenant_id"] = world.Tenant.ToString(), ["role"] = "customer", ["email"] = "someone@people.example",
        ["jti"] = jti ?? Guid.CreateVersion7().ToString(),
    };

    [Fact]
    public async Task A_token_has_thirty_seconds_of_skew_at_either_end_and_no_more()
    {
        var by = new SigningCredentials(new SymmetricSecurityKey(Encoding.UTF8.GetBytes(world.TicketsSettings["JWT_SECRET"]!)), SecurityAlgorithms.HmacSha256);
        Assert.Equal("ok", await SayAsync(world.TicketsUrl, FakeIssuer.Sign(Claims(), by)));
        Assert.Equal("ok", await SayAsync(world.TicketsUrl, FakeIssuer.Sign(Claims(), by, lifetime: TimeSpan.FromSeconds(-10))));
        Assert.Equal("token_expired", await SayAsync(world.TicketsUrl, FakeIssuer.Sign(Claims(), by, lifetime: TimeSpan.FromSeconds(-40))));
        Assert.Equal("ok", await SayAsync(world.TicketsUrl, FakeIssuer.Sign(Claims(), by, notBefore: TimeSpan.FromSeconds(15))));
        Assert.Equal("token_invalid", await SayAsync(world.TicketsUrl, FakeIssuer.Sign(Claims(), by, notBefore: TimeSpan.FromSeconds(90))));
    }

    [Fact]
    public async Task A_secret_is_rotated_with_both_accepted_and_then_only_the_new_one()
    {
        var fresh = Stack.NewSecret();
        var (old, next) = (world.Token(Roles.Customer), new TokenMint(new JwtOptions { Secret = fresh }, TimeProvider.System).Mint(world.Holder(Roles.Customer)));
        var both = await StartAsync(("JWT_SECRET", fresh), ("JWT_SECRET_PREVIOUS", world.TicketsSettings["JWT_SECRET"]!));
        Assert.Equal(("ok", "ok"), (await SayAsync(World.Address(both), old), await SayAsync(World.Address(both), next)));
        var after = await StartAsync(("JWT_SECRET", fresh));
        Assert.Equal(("token_invalid", "ok"), (await SayAsync(World.Address(after), old), await SayAsync(World.Address(after), next)));
    }

    [Theory, InlineData("RS256"), InlineData("ES256")]
    public async Task The_auth_services_published_keys_verify_its_tokens_through_a_rotation(string algorithm)
    {
        var auth = await world.StartAsync(configuration => IdentityService.Build(configuration), new Dictionary<string, string?>(world.IdentitySettings) { ["AUTH_SIGNING"] = algorithm });
        var service = await StartAsync(("JWT_SECRET", ""), ("AUTH_SERVICE_URL", World.Address(auth).ToString()));
        var first = await IdentityService.MintAsync(auth, world.Holder(Roles.Customer), Stop);
        Assert.Equal(algorithm, new JsonWebToken(first).Alg);
        Assert.Equal("ok", await SayAsync(World.Address(service), first));
        // A token by the shared secret, of which this service knows nothing, and one that calls itself so.
        Assert.Equal("token_invalid", await SayAsync(World.Address(service), world.Token(Roles.Customer)));

        await IdentityService.RotateKeyAsync(auth, Stop);
        var second = await IdentityService.MintAsync(auth, world.Holder(Roles.Customer), Stop);
        Assert.NotEqual(new JsonWebToken(first).Kid, new JsonWebToken(second).Kid);
        // The service has asked a moment ago: it asks again when its interval is over, and not for each token.
        await World.UntilAsync(async () => await SayAsync(World.Address(service), second) == "ok");
        Assert.Equal("ok", await SayAsync(World.Address(service), await IdentityService.MintAsync(auth, world.Holder(Roles.Customer), Stop)));
    }

    [Fact]
    public async Task Nothing_but_the_issuers_own_signature_is_believed_and_a_flood_of_unknown_keys_does_not_reach_it()
    {
        await using var issuer = await FakeIssuer.StartAsync();
        var service = World.Address(await StartAsync(("JWT_SECRET", ""), ("AUTH_SERVICE_URL", issuer.Url)));
        var key = issuer.Keys[0];
        var by = new SigningCredentials(key, SecurityAlgorithms.RsaSha256);
        Assert.Equal("ok", await SayAsync(service, FakeIssuer.Sign(Claims(), by)));
        Assert.Equal(2, issuer.Asked);

        Assert.Equal("token_invalid", await SayAsync(service, FakeIssuer.Sign(Claims(), by, issuer: "another")));
        Assert.Equal("token_invalid", await SayAsync(service, FakeIssuer.Sign(Claims(), by, audience: "another")));
        Assert.Equal("token_invalid", await SayAsync(service, FakeIssuer.Sign(Claims(), null)));   // alg none
        // The public key is public: as an HMAC secret it must be worth nothing, in whatever form it is taken.
        foreach (var secret in new[] { Encoding.UTF8.GetBytes(key.Rsa.ExportSubjectPublicKeyInfoPem()), key.Rsa.ExportSubjectPublicKeyInfo(), key.Rsa.ExportParameters(false).Modulus! })
            Assert.Equal("token_invalid", await SayAsync(service, FakeIssuer.Sign(Claims(), new SigningCredentials(new SymmetricSecurityKey(secret) { KeyId = key.KeyId }, SecurityAlgorithms.HmacSha256))));
        // A key of somebody else's that takes the name of a good one.
        Assert.Equal("token_invalid", await SayAsync(service, FakeIssuer.Sign(Claims(), new SigningCredentials(new RsaSecurityKey(RSA.Create(2048)) { KeyId = key.KeyId }, SecurityAlgorithms.RsaSha256))));
        Assert.Equal("token_invalid", await SayAsync(service, FakeIssuer.Sign(Claims(), new SigningCredentials(key, SecurityAlgorithms.RsaSha512))));

        for (var i = 0; i < 40; i++)
            Assert.Equal("token_invalid", await SayAsync(service, FakeIssuer.Sign(Claims(), new SigningCredentials(new SymmetricSecurityKey(RandomNumberGenerator.GetBytes(32)) { KeyId = $"k{i}" }, SecurityAlgorithms.HmacSha256))));
        Assert.InRange(issuer.Asked, 2, 8);   // two documents each time, at most once in ten seconds

        issuer.IsAway = true;   // what is known goes on being used
        Assert.Equal("ok", await SayAsync(service, FakeIssuer.Sign(Claims(), by)));
    }

    [Fact]
    public async Task An_issuer_that_is_away_or_another_one_vouches_for_nobody()
    {
        await using var away = await FakeIssuer.StartAsync();
        away.IsAway = true;
        Assert.Equal("dependency_unavailable", await SayAsync(World.Address(await StartAsync(("JWT_SECRET", ""), ("AUTH_SERVICE_URL", away.Url))),
            FakeIssuer.Sign(Claims(), new SigningCredentials(away.Keys[0], SecurityAlgorithms.RsaSha256))));
        await using var other = await FakeIssuer.StartAsync();
        other.Name = "somebody-else";
        Assert.Equal("dependency_unavailable", await SayAsync(World.Address(await StartAsync(("JWT_SECRET", ""), ("AUTH_SERVICE_URL", other.Url))),
            FakeIssuer.Sign(Claims(), new SigningCredentials(other.Keys[0], SecurityAlgorithms.RsaSha256))));
    }

    [Fact]
    public async Task A_revoked_token_is_refused_here_at_once_and_by_those_who_look_it_up_with_Redis_or_without()
    {
        var token = world.Token(Roles.Customer);
        var jti = new JsonWebToken(token).Id;
        Assert.Equal("ok", await SayAsync(world.TicketsUrl, token));
        using (var stranger = world.Tickets(Roles.Admin, tenant: world.OtherTenant))
        using (var ignored = await stranger.PostAsync("/api/v1/admin/tokens/revoke", new { jti })) Assert.Equal(HttpStatusCode.NoContent, ignored.StatusCode);
        Assert.Equal("ok", await SayAsync(world.TicketsUrl, token));   // another tenant's list

        using (var manager = world.Tickets(Roles.VenueManager))
        using (var refused = await manager.PostAsync("/api/v1/admin/tokens/revoke", new { jti })) Assert.Equal("role_required", await refused.RefusedAsync(HttpStatusCode.Forbidden));
        using (var admin = world.Tickets(Roles.Admin))
        using (var done = await admin.PostAsync("/api/v1/admin/tokens/revoke", new { jti, expiresAt = TimeProvider.System.GetUtcNow().AddHours(1) })) Assert.Equal(HttpStatusCode.NoContent, done.StatusCode);
        Assert.Equal("token_invalid", await SayAsync(world.TicketsUrl, token));
        Assert.Equal("token_invalid", await SayAsync(world.EventsUrl, token, "/health/detailed"));
        // Nobody listens there: PostgreSQL is asked.
        Assert.Equal("token_invalid", await SayAsync(World.Address(await StartAsync(("REDIS_PORT", "1"))), token));
        // A Redis that has lost its list is told it again.
        Assert.Equal("token_invalid", await SayAsync(World.Address(await StartAsync(("REDIS_DB", "5"))), token));
        Assert.Equal("token_invalid", await SayAsync(World.Address(await StartAsync(("REDIS_DB", "5"))), token));
    }

    private Task<WebApplication> StartAsync(params (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string?>(world.TicketsSettings);
        foreach (var (name, value) in settings) all[name] = value;
        return world.StartAsync(configuration => TicketsService.Build(configuration), all);
    }

    /// <returns>"ok", or the code of the refusal.</returns>
    private async Task<string> SayAsync(Uri service, string token, string path = "/api/v1/orders")
    {
        using var client = world.Client(service);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await client.GetAsync(path, Stop);
        return answer.StatusCode == HttpStatusCode.OK ? "ok" : await answer.RefusedAsync(answer.StatusCode);
    }
}
