using AdmitOne.Platform.Identity;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AdmitOne.Identity.Mail;

/// <summary>Where people reach the pages of Identity. A request's Host header has no say: a mailed link must not lead where its sender wanted.</summary>
internal sealed class PublicAddress(IOptions<AccountOptions> options, IOptions<JwtOptions> jwt, IServiceProvider services)
{
    public Uri Base => new((options.Value.PublicUrl ?? jwt.Value.AuthServiceUrl ?? Listening()).TrimEnd('/') + "/");

    public string Origin => Base.GetLeftPart(UriPartial.Authority);

    public Uri Link(string key) => new(Base, "link/" + key);

    public Uri Invitation(string key) => new(Base, "invitation/" + key);

    public Uri Account => new(Base, "account");

    public Uri SignUp => new(Base, "sign-up");

    private string Listening() => services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() ?? "http://127.0.0.1:3001";
}
