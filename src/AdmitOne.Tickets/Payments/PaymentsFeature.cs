using System.Collections.Frozen;
using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Outbound;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Payments;

/// <summary>The ways to pay: one interface, and who implements it.</summary>
internal static class PaymentsFeature
{
    public static void AddPayments(this IServiceCollection services)
    {
        services.AddCheckedOptions<PaymentOptions, PaymentOptionsAnnotations>().AddSingleton<IValidateOptions<PaymentOptions>, PaymentOptionsRules>();
        services.AddCheckedOptions<StripeOptions, StripeOptionsAnnotations>().AddSingleton<IValidateOptions<StripeOptions>, StripeOptionsRules>();
        services.AddBreaker(StripePatience.Neighbour).AddSingleton<StripePatience>().AddSingleton<StripeClient>().AddHttpClient(StripeClient.HttpClientName, (provider, http) =>
        {
            http.BaseAddress = new Uri(provider.GetRequiredService<IOptions<StripeOptions>>().Value.Url.TrimEnd('/') + "/");
            http.MaxResponseContentBufferSize = 256 * 1024;
            http.Timeout = Timeout.InfiniteTimeSpan;   // StripePatience bounds each attempt and all of them
        }).MeteredAs("stripe", provider => provider.GetRequiredKeyedService<Breaker>(StripePatience.Neighbour).State.CircuitState);
        services.AddSingleton<CardAmounts>().AddSingleton<StripePayments>().AddSingleton<IPaymentProvider, TestPayments>().AddSingleton<IPaymentProvider>(provider => provider.GetRequiredService<StripePayments>());
        services.AddSingleton<IPaymentProvider>(_ => new PaidElsewhere("cash")).AddSingleton<IPaymentProvider>(_ => new PaidElsewhere("external"));
        services.AddSingleton<IPaymentProvider>(_ => new PaidElsewhere("free")).AddSingleton<PaymentProviders>();
    }
}

/// <summary>Finds the provider of a method.</summary>
public sealed class PaymentProviders(IEnumerable<IPaymentProvider> all)
{
    private readonly FrozenDictionary<string, IPaymentProvider> _byMethod = all.ToFrozenDictionary(p => p.Method);

    /// <summary>The methods whose payments and refunds this replica works on.</summary>
    public string[] Configured => [.. _byMethod.Values.Where(p => p.IsConfigured).Select(p => p.Method)];

    /// <exception cref="KeyNotFoundException">Nobody implements this method.</exception>
    public IPaymentProvider Of(string method) => _byMethod[method];
}
