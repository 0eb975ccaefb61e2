using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AdmitOne.Platform.Configuration;

public static class ConfigurationExtensions
{
    /// <summary>Binds flat environment names to <typeparamref name="TOptions"/> and has them checked before the service starts.</summary>
    public static IServiceCollection AddCheckedOptions<TOptions, TValidator>(this IServiceCollection services)
        where TOptions : class
        where TValidator : class, IValidateOptions<TOptions>
    {
        services.AddOptions<TOptions>().Configure<IConfiguration>((options, configuration) => Bind(configuration, options)).ValidateOnStart();
        return services.AddSingleton<IValidateOptions<TOptions>, TValidator>();
    }

    private static void Bind<TOptions>(IConfiguration configuration, TOptions options) where TOptions : class
    {
        try
        {
            configuration.Bind(options);
        }
        catch (InvalidOperationException wrong) when (wrong.InnerException is not null)
        {
            // The binder's message ends with the value; a setting's value may be a secret, so only its name is repeated.
            var name = wrong.Message.Split('\'') is [_, _, _, ..] ? wrong.Message.Split('\'').FirstOrDefault(IsKnown(configuration)) : null;
            throw new OptionsValidationException(Options.DefaultName, typeof(TOptions), [$"{name ?? typeof(TOptions).Name} has a value of the wrong kind."]);
        }
    }

    private static Func<string, bool> IsKnown(IConfiguration configuration) => word => word.Length > 0 && configuration.GetSection(word).Value is not null;
}
