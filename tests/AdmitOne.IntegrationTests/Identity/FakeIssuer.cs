using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace AdmitOne.IntegrationTests.Identity;

/// <summary>An auth service that publishes what it is told to, counts who asks, and is away on command.</summary>
internal sealed class FakeIssuer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeIssuer(WebApplication app) => _app = app;

    public string Url => _app.Urls.First();

    public string Name { get; set; } = "admitone-auth";

    public List<RsaSecurityKey> Keys { get; } = [NewKey()];

    public bool IsAway { get; set; }

    public int Asked { get; private set; }

    public static RsaSecurityKey NewKey() => new(RSA.Create(2048)) { KeyId = Guid.CreateVersion7().ToString("n") };

    public static async Task<FakeIssuer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var issuer = new FakeIssuer(builder.Build());
        issuer._app.Urls.Add("http://127.0.0.1:0");
        issuer._app.MapGet("/.well-known/openid-configuration", () => issuer.Answer(() => new Dictionary<string, object> { ["issuer"] = issuer.Name, ["jwks_uri"] = issuer.Url + "/keys" }));
        issuer._app.MapGet("/keys", () => issuer.Answer(() => new Dictionary<string, object>
        {
            ["keys"] = issuer.Keys.Select(key => JsonWebKeyConverter.ConvertFromRSASecurityKey(new RsaSecurityKey(key.Rsa.ExportParameters(false)) { KeyId = key.KeyId }))
                .Select(key => new Dictionary<string, string> { ["kty"] = "RSA", ["use"] = "sig", ["kid"] = key.KeyId, ["n"] = key.N, ["e"] = key.E }).ToArray(),
        }));
        await issuer._app.StartAsync(TestContext.Current.CancellationToken);
        return issuer;
    }

    /// <summary>A token as its holder's claims say, signed as told.</summary>
    public static string Sign(IReadOnlyDictionary<string, object> claims, SigningCredentials? by, string issuer = "admitone-auth", string audience = "admitone",
        TimeSpan? lifetime = null, TimeSpan? notBefore = null)
    {
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer,
            Audience = audience,
            Expires = now + (lifetime ?? TimeSpan.FromHours(1)),
            NotBefore = notBefore is { } later ? now + later : null,
            Claims = new Dictionary<string, object>(claims),
            SigningCredentials = by,
        });
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private IResult Answer(Func<object> what)
    {
        Asked++;
        return IsAway ? Results.StatusCode(StatusCodes.Status500InternalServerError) : Results.Json(what());
    }
}
