using System.Text.Json;
using AdmitOne.Contracts;
using AdmitOne.Platform.Http;

namespace AdmitOne.Tickets.Pricing;

/// <summary>All that decides what a type's tickets cost beside its price: kept with the type, replaced as a whole.</summary>
public sealed record PricePolicy
{
    public const int MaxRules = 10;
    public const int MaxFees = 10;

    /// <summary>Of tickets.ticket_types t: one text, null for a type that has neither rules nor fees nor tax.</summary>
    public const string Column = """
        case when t.price_rules = '[]' and t.fees = '[]' and t.tax is null then null
             else jsonb_build_object('rules', t.price_rules, 'fees', t.fees, 'tax', t.tax)::text end as price_policy
        """;

    public IReadOnlyList<PriceRule> Rules { get; init; } = [];

    public IReadOnlyList<Fee> Fees { get; init; } = [];

    public Tax? Tax { get; init; }

    public static PricePolicy None { get; } = new();

    public static PricePolicy? Read(string? json) => json is null ? null : JsonSerializer.Deserialize<PricePolicy>(json, Json.Answers);

    public static string Write<T>(T part) => JsonSerializer.Serialize(part, Json.Answers);

    /// <summary>What annotations cannot say of a type's rules and fees, each with the place of the fault.</summary>
    /// <param name="currency">The type's; everything beside its price is in the same.</param>
    /// <param name="maxPerOrder">The type's; a group of more can never order.</param>
    public IEnumerable<(string Member, string Fault)> Faults(string currency, int maxPerOrder)
    {
        for (var n = 0; n < Rules.Count; n++)
            foreach (var (member, fault) in Faults(Rules[n], currency)) yield return ($"PriceRules[{n}].{member}", fault);
        for (var n = 0; n < Rules.Count; n++)
            if (Rules[n].Kind == PriceRuleKind.Group && Rules[n].Quantity > maxPerOrder) yield return ($"PriceRules[{n}].Quantity", $"Must not be above maxPerOrder, which is {maxPerOrder}.");
        for (var n = 0; n < Rules.Count - 1; n++)
            if (Rules[n].Kind == PriceRuleKind.Dynamic) yield return ($"PriceRules[{n}].Kind", "dynamic always applies: it comes last, and once.");
        for (var n = 0; n < Fees.Count; n++)
        {
            if (Fees[n].Amount is null == Fees[n].Percent is null) yield return ($"Fees[{n}].Amount", "Give either an amount or a percent.");
            if (Fees[n].Amount is { } amount && amount.Currency != currency) yield return ($"Fees[{n}].Amount.Currency", $"Must be the price's, {currency}.");
        }
    }

    private static IEnumerable<(string Member, string Fault)> Faults(PriceRule rule, string currency)
    {
        string[] given =
        [
            .. Given(rule.Until, nameof(rule.Until)), .. Given(rule.Count, nameof(rule.Count)), .. Given(rule.From, nameof(rule.From)), .. Given(rule.Quantity, nameof(rule.Quantity)),
            .. Given(rule.Price, nameof(rule.Price)), .. Given(rule.Percent, nameof(rule.Percent)), .. Given(rule.MinPrice, nameof(rule.MinPrice)), .. Given(rule.MaxPrice, nameof(rule.MaxPrice)),
        ];
        string[] takes = rule.Kind switch
        {
            PriceRuleKind.EarlyBird => ["Until", "Count", "Price", "Percent"],
            PriceRuleKind.LastMinute => ["From", "Price", "Percent"],
            PriceRuleKind.Group => ["Quantity", "Price", "Percent"],
            _ => ["MinPrice", "MaxPrice"],
        };
        foreach (var member in given.Except(takes)) yield return (member, "Does not belong to this kind of rule.");
        if (rule.Kind == PriceRuleKind.EarlyBird && rule is { Until: null, Count: null }) yield return ("Until", "Say until when, or how many.");
        if (rule.Kind == PriceRuleKind.LastMinute && rule.From is null) yield return ("From", "Say from when.");
        if (rule.Kind == PriceRuleKind.Group && rule.Quantity is null) yield return ("Quantity", "Say from how many.");
        if (rule.Kind != PriceRuleKind.Dynamic && rule.Price is null == rule.Percent is null) yield return ("Price", "Give either a price or a percent off.");
        if (rule.Kind == PriceRuleKind.Dynamic)
        {
            if (rule.MinPrice is null) yield return ("MinPrice", "Say where the price begins.");
            if (rule.MaxPrice is null) yield return ("MaxPrice", "Say where the price ends.");
            if (rule.MinPrice?.Amount > rule.MaxPrice?.Amount) yield return ("MinPrice", "Must not be above maxPrice.");
        }
        foreach (var (member, money) in new (string, Money?)[] { ("Price", rule.Price), ("MinPrice", rule.MinPrice), ("MaxPrice", rule.MaxPrice) })
            if (money is not null && money.Currency != currency) yield return ($"{member}.Currency", $"Must be the price's, {currency}.");
    }

    private static string[] Given(object? value, string name) => value is null ? [] : [name];
}
