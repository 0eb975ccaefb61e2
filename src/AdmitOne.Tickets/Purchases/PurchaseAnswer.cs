using System.Diagnostics;
using System.Text.Json;
using AdmitOne.Contracts;
using AdmitOne.Platform.Http;
using AdmitOne.Tickets.Inventory;
using AdmitOne.Tickets.Payments;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Tickets.Purchases;

/// <summary>A purchase as it is answered: <c>paid</c> with its tickets, or <c>payment_pending</c> with what to do next.</summary>
public sealed record Purchase(Guid OrderId, string OrderNumber, string Status, Money Total, IReadOnlyList<BoughtTicket> Tickets, PaymentAction? PaymentAction);

public sealed record BoughtTicket(Guid Id, Guid TicketTypeId, string Status);

/// <summary>What the buyer does next.</summary>
/// <param name="Type">
/// <c>wait</c>: ask <paramref name="Url"/> until the order's status has changed. <c>redirect</c>: send the buyer to <paramref name="Url"/>. <c>stripe_sdk</c>: let Stripe.js handle
/// the next action of <paramref name="ClientSecret"/>, then ask the order at <paramref name="Url"/>.
/// </param>
public sealed record PaymentAction(string Type, string Url, string? ClientSecret = null);

/// <summary>
/// The answers that are kept under an idempotency key, made in one place: whether the request or the reconciler settles an order, its buyer
/// reads the same.
/// </summary>
internal static class PurchaseAnswer
{
    public const string Path = "/api/v1/purchases";

    public static StoredAnswer Paid(PaidOrder order) => new(StatusCodes.Status201Created, Body(new Purchase(order.OrderId, order.Number, "paid",
        Money.Of(order.TotalMinor, order.Currency), order.Tickets.Select(t => new BoughtTicket(t.Id, t.TicketTypeId, "issued")).ToArray(), PaymentAction: null)), OrderPath(order.OrderId));

    public static StoredAnswer Pending(OpenPayment order, ProviderAction? action) => new(StatusCodes.Status202Accepted, Body(new Purchase(order.OrderId, order.OrderNumber, "payment_pending",
        Money.Of(order.AmountMinor, order.Currency), [], new PaymentAction(action?.Type ?? "wait", action?.Url ?? OrderPath(order.OrderId), action?.ClientSecret))));

    /// <summary>
    /// Makes the answer from the time until which the reservation can be paid in another way, or null if its places are free again. It is made in the lane,
    /// and names the trace of the request in which this is read.
    /// </summary>
    public static Func<DateTimeOffset?, StoredAnswer> Declined
    {
        get
        {
            var traceId = Activity.Current?.TraceId.ToHexString();
            return heldUntil => new StoredAnswer(StatusCodes.Status402PaymentRequired, (heldUntil is { } until
                ? PurchaseProblems.PaymentDeclined.With($"No money is kept. The reservation is held until {until:u}: pay it in another way with a new Idempotency-Key.").And("heldUntil", until)
                : PurchaseProblems.PaymentDeclined.With("No money is kept and the tickets are free again; try another way to pay with a new Idempotency-Key.")).ToJson(Path, traceId));
        }
    }

    /// <summary>No card would change it, so it is no decline.</summary>
    public static StoredAnswer Unpayable(string why) => new(StatusCodes.Status422UnprocessableEntity, InventoryProblems.PaymentMethodUnavailable.With(why).ToJson(Path));

    public static string OrderPath(Guid orderId) => $"/api/v1/orders/{orderId}";

    private static string Body(Purchase purchase) => JsonSerializer.Serialize(purchase, Json.Answers);
}

/// <summary>Writes a kept answer byte for byte.</summary>
internal sealed class KeptAnswerResult(StoredAnswer answer, bool replayed) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = answer.Status;
        response.ContentType = answer.Status >= 400 ? "application/problem+json" : "application/json; charset=utf-8";
        response.Headers.CacheControl = "private, no-store";
        if (answer.Status is StatusCodes.Status201Created or StatusCodes.Status202Accepted) response.Headers.Location = answer.Location ?? OrderOf(answer.Body);
        if (replayed) response.Headers["Idempotency-Replayed"] = "true";
        await response.WriteAsync(answer.Body, httpContext.RequestAborted);
    }

    // What was kept for a repetition is the body alone.
    private static string OrderOf(string body)
    {
        using var purchase = JsonDocument.Parse(body);
        return PurchaseAnswer.OrderPath(purchase.RootElement.GetProperty("orderId").GetGuid());
    }
}
