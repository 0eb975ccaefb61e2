using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using AdmitOne.Contracts;
using AdmitOne.Tickets.Pricing;

namespace AdmitOne.Tickets.Orders;

/// <summary>A receipt as a page to print: no script, nothing from elsewhere, and everything that a person typed is escaped.</summary>
internal static class ReceiptPage
{
    private const string Style = "body{font:15px sans-serif;margin:2em auto;max-width:40em}table{border-collapse:collapse;width:100%}"
        + "td,th{padding:.3em;border-bottom:1px solid #ccc;text-align:left}.n{text-align:right}";

    /// <summary>Allows the page's own style, by its hash (Content Security Policy Level 3, section 2.3.1), and nothing else.</summary>
    public static readonly string ContentSecurityPolicy =
        $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)))}'; frame-ancestors 'none'";

    public static string Of(Receipt receipt)
    {
        var page = new StringBuilder();
        page.Append("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>").Append(Escape(receipt.OrderNumber)).Append("</title><style>").Append(Style)
            .Append("</style></head><body><h1>").Append(Escape(receipt.SoldBy)).Append("</h1><p>Order ").Append(Escape(receipt.OrderNumber)).Append(", ")
            .Append(receipt.OrderedAt.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture)).Append(", ").Append(Escape(receipt.Status)).Append("</p><h2>").Append(Escape(receipt.Event.Name))
            .Append("</h2><p>").Append(Escape(receipt.Event.Venue)).Append("</p><p>").Append(Escape(When(receipt.Event))).Append("</p><table>");
        foreach (var line in receipt.Lines)
        {
            page.Append("<tr><td>").Append(Escape(Label(line.Label, line.Percent))).Append("</td><td class=n>")
                .Append(line.Kind == PriceLineKind.Ticket ? line.Quantity.ToString(CultureInfo.InvariantCulture) : "").Append("</td><td class=n>").Append(Text(line.Amount.Amount, line.Amount.Currency)).Append("</td></tr>");
        }
        page.Append("<tr><th colspan=2>Total</th><th class=n>").Append(Text(receipt.Total)).Append("</th></tr>");
        foreach (var tax in receipt.ContainedTaxes)
            page.Append("<tr><td colspan=2>included: ").Append(Escape(Label(tax.Label, tax.Percent))).Append("</td><td class=n>").Append(Text(tax.Amount.Amount, tax.Amount.Currency)).Append("</td></tr>");
        if (receipt.Paid is { } paid) page.Append("<tr><td colspan=2>Paid by ").Append(Escape(receipt.PaymentMethod)).Append("</td><td class=n>").Append(Text(paid)).Append("</td></tr>");
        foreach (var refund in receipt.Refunds)
            page.Append("<tr><td colspan=2>Refunded ").Append(refund.At.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)).Append(", ").Append(Escape(refund.Status)).Append("</td><td class=n>")
                .Append(Text(refund.Amount)).Append("</td></tr>");
        return page.Append("</table></body></html>").ToString();
    }

    // The event's own clock, as on its poster; UTC if this machine does not know the time zone.
    private static string When(EventAsSold sold) => TimeZoneInfo.TryFindSystemTimeZoneById(sold.TimeZone, out var zone)
        ? $"{TimeZoneInfo.ConvertTime(sold.StartsAt, zone).ToString("dddd d MMMM yyyy, HH:mm", CultureInfo.InvariantCulture)} ({sold.TimeZone})"
        : sold.StartsAt.ToUniversalTime().ToString("dddd d MMMM yyyy, HH:mm 'UTC'", CultureInfo.InvariantCulture);

    private static string Label(string label, decimal? percent) => percent is { } rate ? $"{label} ({rate.ToString("0.##", CultureInfo.InvariantCulture)} %)" : label;

    private static string Escape(string text) => WebUtility.HtmlEncode(text);

    private static string Text(Money money) => Text(money.Amount, money.Currency);

    private static string Text(long minor, string currency) => $"{MoneyText.Of(minor, currency)} {currency}";
}
