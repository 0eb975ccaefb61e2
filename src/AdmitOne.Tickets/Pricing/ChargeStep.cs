namespace AdmitOne.Tickets.Pricing;

/// <summary>
/// The smallest amount, in minor units, that card schemes move in a currency. In those with three decimals the last one is always 0, and an ariary has
/// no parts that anybody can pay. An order whose prices are whole steps stays in whole steps: what is computed of them is rounded to one (docs/pricing.md).
/// </summary>
internal static class ChargeStep
{
    public static long Of(string currency) => currency switch
    {
        "BHD" or "JOD" or "KWD" or "OMR" or "TND" => 10,
        "MGA" => 100,
        _ => 1,
    };
}
