using System.Globalization;
using AdmitOne.Contracts;

namespace AdmitOne.Tickets.Orders;

/// <summary>Amounts for people: 4500 is 45.00 in EUR, 4500 in JPY, 4.500 in KWD (ISO 4217).</summary>
internal static class MoneyText
{
    private const string WithoutDecimals = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";
    private const string WithThree = "BHD IQD JOD KWD LYD OMR TND";

    public static string Of(Money money) => $"{Of(money.Amount, money.Currency)}";

    public static string Of(long minor, string currency)
    {
        var decimals = WithoutDecimals.Contains(currency, StringComparison.Ordinal) ? 0 : WithThree.Contains(currency, StringComparison.Ordinal) ? 3 : 2;
        return (minor / (decimal)Math.Pow(10, decimals)).ToString("F" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }
}
