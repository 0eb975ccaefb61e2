using AdmitOne.Identity.Authenticators;
using AdmitOne.Identity.Mail;
using AdmitOne.Identity.OpenId;
using AdmitOne.Identity.Organisers;
using AdmitOne.Identity.Pages;
using AdmitOne.Identity.Passkeys;
using AdmitOne.Identity.People;
using AdmitOne.Identity.SignIn;
using AdmitOne.Identity.Team;
using AdmitOne.Identity.Tokens;
using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Hosting;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Idempotency;
using AdmitOne.Platform.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using Npgsql;

namespace AdmitOne.Identity;

/// <summary>Identity: people, their sign-in, and what they are to organisers.</summary>
public static class IdentityService
{
    public static readonly ServiceDefinition Definition = new("identity-service", "AdmitOne Identity", DefaultPort: 3001, DefaultPoolMax: 10, SchemaVersion: 36, RunsSharedWorkers: false);

    /// <summary>Puts the service together from its own configuration, without starting it.</summary>
    /// <param name="configuration">The flat names of <c>docs/configuration.md</c>; nothing else is read.</param>
    /// <param name="configure">What a test changes before the service is built.</param>
    public static WebApplication Build(IConfiguration configuration, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = ServiceHost.CreateBuilder(Definition, configuration);
        builder.Services.AddValidation();
        builder.Services.AddCheckedOptions<AccountOptions, AccountOptionsValidator>();
        AddPeople(builder.Services);
        configure?.Invoke(builder);

        var app = builder.Build();
        var v1 = app.UsePlatform();
        app.UseOpenId();
        if (Signing(app.Services).Algorithm != SecurityAlgorithms.HmacSha256) MapKeys(app);
        if (!app.Services.GetRequiredService<IOptions<ServiceOptions>>().Value.IsProduction) MapMail(app);
        SignInRoutes.Map(v1);
        MeRoutes.Map(v1);
        AuthenticatorRoutes.Map(v1);
        TeamRoutes.Map(v1);
        InvitationRoutes.Map(v1);
        OrganiserRoutes.Map(v1, app);
        ProgramRoutes.Map(v1);
        OpenIdRoutes.Map(app);
        app.MapPages();
        return app;
    }

    public static Task<int> Main(string[] args)
    {
        var configuration = ServiceEnvironment.Read("IDENTITY_");
        return ServiceHost.RunAsync(Definition, configuration, args, () => Build(configuration));
    }

    /// <summary>Gives somebody an account with any role, which no route does. Repeating it changes nothing.</summary>
    /// <returns>The account's id, also if the e-mail had one before.</returns>
    public static async Task<Guid> AddUserAsync(
        WebApplication app, Guid tenantId, string email, string password, string name, string role, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(app);
        ArgumentNullException.ThrowIfNull(email);
        await using var scope = app.Services.CreateAsyncScope();
        var accounts = scope.ServiceProvider.GetRequiredService<Accounts>();
        var known = await accounts.FindConfirmedAsync(Platform.Text.EmailAddress.Fold(email), cancellationToken);
        return (known ?? await accounts.AddConfirmedAsync(new NewAccount(email, password, name), tenantId, role, cancellationToken)).Id;
    }

    /// <summary>From now on another key signs; tokens of the one before stay good.</summary>
    public static Task<string> RotateKeyAsync(WebApplication app, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(app);
        return Signing(app.Services).RotateAsync(cancellationToken);
    }

    /// <summary>A token signed as a sign-in's would be, for anybody.</summary>
    public static async Task<string> MintAsync(WebApplication app, TokenHolder holder, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(app);
        await using var scope = app.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<TokenIssuer>().MintAsync(holder, null, null, cancellationToken);
    }

    private static void AddPeople(IServiceCollection services)
    {
        services.AddDbContext<IdentityContext>((provider, options) => options.UseNpgsql(provider.GetRequiredService<NpgsqlDataSource>()));
        services.AddIdentityCore<Person>(options =>
        {
            options.Stores.SchemaVersion = IdentitySchemaVersions.Version3;
            options.User.RequireUniqueEmail = false;   // an index says that a confirmed address is unique
            // Length and the list of common passwords; no rule of upper case and digits.
            options.Password = new PasswordOptions { RequiredLength = PasswordRules.MinLength, RequireDigit = false, RequireLowercase = false, RequireUppercase = false, RequireNonAlphanumeric = false, RequiredUniqueChars = 1 };
        }).AddEntityFrameworkStores<IdentityContext>().AddPasswordValidator<PasswordValidator>();
        services.AddScoped<IPasskeyHandler<Person>, PasskeyHandler<Person>>().AddScoped<Challenges>().AddScoped<PasskeyCeremonies>().AddScoped<AccountViews>().AddScoped<AuthenticatorApps>().AddScoped<PageSignIn>();
        services.AddOptions<IdentityPasskeyOptions>().Configure<PublicAddress, IOptions<AccountOptions>>((passkeys, address, account) =>
        {
            // Passkeys are of one host name for ever: of the public one, where it is known.
            passkeys.ServerDomain = account.Value.PublicUrl is null ? null : address.Base.Host;
            passkeys.ResidentKeyRequirement = "required";   // a passkey is used without an address
            passkeys.UserVerificationRequirement = "required";
            passkeys.ValidateOrigin = context => ValueTask.FromResult(!context.CrossOrigin && SameOrigin.IsOurs(context.HttpContext, context.Origin));
        });
        services.AddSingleton<PublicAddress>().AddSingleton<SignInDelays>();
        services.AddSingleton(provider => new SigningKeys(provider.GetRequiredService<NpgsqlDataSource>(), provider.GetRequiredService<SecretSeal>(),
            provider.GetRequiredService<IOptions<AccountOptions>>().Value.Signing));
        services.AddScoped<Outgoing>().AddScoped<MailCodes>().AddScoped<Sessions>().AddScoped<Revocations>().AddScoped<TokenIssuer>()
            .AddScoped<Accounts>().AddScoped<Memberships>().AddScoped<Closing>().AddScoped<Invitations>().AddScoped<Setup>().AddScoped<Programs>();
        services.AddOpenId();
        services.AddRazorComponents();
    }

    private static SigningKeys Signing(IServiceProvider services) => services.GetRequiredService<SigningKeys>();

    private static void MapKeys(WebApplication app)
    {
        app.MapGet("/.well-known/openid-configuration", (HttpContext context, IOptions<JwtOptions> options) => new Dictionary<string, string>
        {
            ["issuer"] = options.Value.Issuer,
            ["jwks_uri"] = $"{context.Request.Scheme}://{context.Request.Host}/.well-known/jwks.json",
            ["authorization_endpoint"] = $"{context.Request.Scheme}://{context.Request.Host}{OpenIdSetup.AuthorizePath}",
            ["token_endpoint"] = $"{context.Request.Scheme}://{context.Request.Host}{OpenIdSetup.TokenPath}",
            ["device_authorization_endpoint"] = $"{context.Request.Scheme}://{context.Request.Host}{OpenIdSetup.DevicePath}",
            ["revocation_endpoint"] = $"{context.Request.Scheme}://{context.Request.Host}{OpenIdSetup.RevocationPath}",
        }).AllowAnonymous().WithTags("Keys").WithName("Discovery").WithSummary("Where the keys are that verify tokens").WithRateTier(RateTier.Read);
        app.MapGet("/.well-known/jwks.json", async (SigningKeys keys, CancellationToken cancellationToken) =>
                new Dictionary<string, object> { ["keys"] = await keys.PublishAsync(cancellationToken) })
            .AllowAnonymous().WithTags("Keys").WithName("Keys").WithSummary("The keys that verify tokens").WithRateTier(RateTier.Read);
    }

    private static void MapMail(IEndpointRouteBuilder app) =>
        app.MapGet("/dev/mail", async (string to, Outgoing mails, CancellationToken cancellationToken) => await mails.ReadAsync(to, cancellationToken))
            .AllowAnonymous().WithTags("Development").WithName("ReadMail").WithSummary("The mails to an address, newest first; not in production").WithRateTier(RateTier.Read);
}
