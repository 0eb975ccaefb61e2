namespace AdmitOne.Tickets.Pricing;

/// <summary>
/// The one place where a fraction of a minor unit is decided (docs/pricing.md): a share of an amount is rounded half up, and what must be
/// spread over several tickets is spread so that nothing is lost. Amounts are whole minor units of any ISO 4217 currency, never negative.
/// </summary>
internal static class Rounding
{
    /// <returns>amount × numerator ÷ denominator, to the nearest minor unit, halves up.</returns>
    /// <exception cref="OverflowException">It is more than 64 bits hold.</exception>
    public static long Share(long amount, long numerator, long denominator) =>
        checked((long)((2 * (Int128)amount * numerator + denominator) / (2 * (Int128)denominator)));

    /// <returns>The same to the nearest whole step, halves up; to the nearest minor unit if the amount is no whole number of steps.</returns>
    public static long Share(long amount, long numerator, long denominator, long step) => amount % step != 0
        ? Share(amount, numerator, denominator)
        : checked(step * Share(amount / step, numerator, denominator));

    /// <summary>Spreads in whole steps, if the amount and all weights are of them.</summary>
    public static long[] Spread(long amount, IReadOnlyList<long> weights, long step) => step == 1 || amount % step != 0 || weights.Any(weight => weight % step != 0)
        ? Spread(amount, weights)
        : Array.ConvertAll(Spread(amount / step, [.. weights.Select(weight => weight / step)]), part => part * step);

    /// <summary>
    /// Spreads an amount in proportion to weights, by largest remainder; equal remainders in the order given. Without any weight it is spread
    /// evenly. No part is larger than its weight unless the amount is larger than all of them together.
    /// </summary>
    public static long[] Spread(long amount, IReadOnlyList<long> weights)
    {
        var parts = new long[weights.Count];
        if (amount == 0 || parts.Length == 0) return parts;
        Int128 whole = 0;
        foreach (var weight in weights) whole += weight;
        var even = whole == 0;
        if (even) whole = weights.Count;

        var remainders = new (Int128 Remainder, int Index)[parts.Length];
        var left = amount;
        for (var n = 0; n < parts.Length; n++)
        {
            var (quotient, remainder) = Int128.DivRem((Int128)amount * (even ? 1 : weights[n]), whole);
            parts[n] = (long)quotient;
            remainders[n] = (remainder, n);
            left -= parts[n];
        }
        foreach (var (_, index) in remainders.OrderByDescending(r => r.Remainder).ThenBy(r => r.Index).Take((int)left)) parts[index]++;
        return parts;
    }
}
