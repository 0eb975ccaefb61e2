using System.Collections.Immutable;
using AdmitOne.Contracts;
using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Orders;
using AdmitOne.Tickets.Pricing;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Payments;

/// <summary>Refuses amounts that no card can pay when they are set, where buyers may pay by card: an organiser can mend them then, and a buyer cannot.</summary>
internal sealed class CardAmounts(IOptions<PaymentOptions> options, IOptions<ServiceOptions> service)
{
    /// <param name="wanted">Each with the JSON pointer of its member.</param>
    /// <param name="before">What is kept already is not refused again.</param>
    /// <returns>422 that names each amount, or null.</returns>
    public Refusal? Refuse(IEnumerable<(string Pointer, Money? Money)> wanted, IEnumerable<(string Pointer, Money? Money)>? before = null)
    {
        if (!options.Value.Methods(service.Value.IsProduction).Contains("stripe")) return null;
        var kept = (before ?? []).Select(b => b.Money).ToHashSet();
        var errors = wanted.Where(w => w.Money is { } money && money.Amount % ChargeStep.Of(money.Currency) != 0 && !kept.Contains(money))
            .Select(w => new ValidationError($"{w.Pointer}/amount", Sentence(w.Money!))).ToImmutableArray();
        return errors.IsEmpty ? null : PlatformProblems.ValidationFailed.With($"{errors[0].Pointer}: {errors[0].Message}") with { Errors = errors };
    }

    private static string Sentence(Money money)
    {
        var step = ChargeStep.Of(money.Currency);
        var below = money.Amount - (money.Amount % step);
        return $"Cards pay {money.Currency} in steps of {MoneyText.Of(step, money.Currency)}, and {MoneyText.Of(money)} is none: give {MoneyText.Of(below, money.Currency)} or {MoneyText.Of(below + step, money.Currency)}.";
    }
}
