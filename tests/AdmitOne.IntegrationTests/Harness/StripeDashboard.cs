using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.IntegrationTests.Harness;

/// <summary>What happens at Stripe without us: refunds made or ended in its dashboard, disputes, keys that are forgotten after a day.</summary>
public sealed partial class StripeServer
{
    private static readonly string[] s_threeDecimals = ["bhd", "jod", "kwd", "omr", "tnd"];

    private readonly List<RefundObject> _refunds = [];
    private readonly List<DisputeObject> _disputes = [];
    private readonly List<(string Call, string About, string Key)> _calls = [];
    private readonly HashSet<string> _funded = [];

    /// <summary>The idempotency keys with which refunds of an order were sent, in their order.</summary>
    public IReadOnlyList<string> RefundKeys(Guid orderId)
    {
        lock (_one) return [.. _calls.Where(c => c.Call == "refund" && c.About == orderId.ToString()).Select(c => c.Key)];
    }

    /// <summary>How often a call about an order was made.</summary>
    public int Calls(string call, Guid orderId)
    {
        lock (_one) return _calls.Count(c => c.Call == call && c.About == orderId.ToString());
    }

    /// <summary>A day has passed: no idempotency key is known any more.</summary>
    public void ForgetKeys()
    {
        lock (_one) _answered.Clear();
    }

    /// <summary>The account has money again.</summary>
    public void Fund(Guid orderId)
    {
        lock (_one) _funded.Add(orderId.ToString());
    }

    /// <summary>The organiser refunds in the dashboard.</summary>
    /// <returns>The refund's id.</returns>
    public string RefundByHand(Guid orderId, long amount, string status = "succeeded")
    {
        lock (_one)
        {
            var made = new RefundObject($"re_{++_made:D6}", IntentOf(orderId).Id, amount, null) { Status = status };
            _refunds.Add(made);
            return made.Id;
        }
    }

    /// <summary>The refunds of an order that are not over end like this.</summary>
    public void FinishRefunds(Guid orderId, string status)
    {
        lock (_one)
            foreach (var refund in _refunds.Where(r => r.IntentId == IntentOf(orderId).Id && r.Status is "pending" or "requires_action" or "succeeded")) refund.Status = status;
    }

    /// <summary>The buyer's bank asks for the money back.</summary>
    public string OpenDispute(Guid orderId, string status = "needs_response")
    {
        lock (_one)
        {
            var intent = IntentOf(orderId);
            var made = new DisputeObject($"dp_{++_made:D6}", intent.Id, intent.Amount, intent.Currency) { Status = status };
            _disputes.Add(made);
            return made.Id;
        }
    }

    public void MoveDispute(string id, string status)
    {
        lock (_one) _disputes.Single(d => d.Id == id).Status = status;
    }

    /// <summary>Sends an event about a dispute.</summary>
    public Task<HttpResponseMessage> TellOfDisputeAsync(HttpClient client, string id, string type)
    {
        JsonObject dispute;
        lock (_one) dispute = _disputes.Single(d => d.Id == id).Write();
        return TellAsync(client, type, dispute);
    }

    /// <summary>Sends an event about an order's newest refund; <c>charge.refunded</c> is about its charge.</summary>
    public Task<HttpResponseMessage> TellOfRefundAsync(HttpClient client, Guid orderId, string type)
    {
        JsonObject about;
        lock (_one)
        {
            var intent = IntentOf(orderId);
            about = type == "charge.refunded"
                ? new JsonObject { ["id"] = $"ch_{intent.Id}", ["object"] = "charge", ["payment_intent"] = intent.Id, ["amount_refunded"] = RefundedOf(intent.Id) }
                : _refunds.Last(r => r.IntentId == intent.Id).Write();
        }
        return TellAsync(client, type, about);
    }

    private Intent IntentOf(Guid orderId) => _intents.Values.Single(i => i.OrderId == orderId.ToString());

    private long RefundedOf(string intentId) => _refunds.Where(r => r.IntentId == intentId && r.Status is not ("failed" or "canceled")).Sum(r => r.Amount);

    private (int Status, string Body) Refund(Dictionary<string, string> form)
    {
        if (!_intents.TryGetValue(form["payment_intent"], out var intent)) return (404, Error("invalid_request_error", "resource_missing", "No such payment_intent."));
        var amount = long.Parse(form["amount"], CultureInfo.InvariantCulture);
        if (s_threeDecimals.Contains(intent.Currency) && amount % 10 != 0) return (400, Error("invalid_request_error", null, "Invalid amount: the last digit must be 0.", param: "amount"));
        if (intent.Received - RefundedOf(intent.Id) < amount) return (400, Error("invalid_request_error", "charge_already_refunded", "More than there is."));
        if (intent.Token == "pm_test_refund_broke" && !_funded.Contains(intent.OrderId)) return (400, Error("invalid_request_error", "balance_insufficient", "Insufficient funds in Stripe account."));
        var made = new RefundObject($"re_{++_made:D6}", intent.Id, amount, form.GetValueOrDefault("metadata[refund_id]"))
        {
            Status = intent.Token switch { "pm_test_refund_pending" => "pending", "pm_test_refund_action" => "requires_action", _ => "succeeded" },
        };
        _refunds.Add(made);
        return (200, made.Write().ToJsonString());
    }

    // The newest first, in pages, as all of Stripe's lists.
    private (int Status, string Body) ListRefunds(IQueryCollection query)
    {
        var all = _refunds.Where(r => r.IntentId == query["payment_intent"].ToString()).Reverse().ToList();
        if (query["starting_after"].ToString() is { Length: > 0 } after) all.RemoveRange(0, all.FindIndex(r => r.Id == after) + 1);
        var limit = Math.Min(2, int.Parse(query["limit"].ToString(), CultureInfo.InvariantCulture));   // small pages, so that a second one is asked for
        return (200, new JsonObject
        {
            ["object"] = "list", ["has_more"] = all.Count > limit, ["data"] = new JsonArray([.. all.Take(limit).Select(r => (JsonNode)r.Write())]),
        }.ToJsonString());
    }

    private static (int Status, string Body) Found(StripeObject? found) =>
        found is null ? (404, Error("invalid_request_error", "resource_missing", "No such object.")) : (200, found.Write().ToJsonString());

    private abstract class StripeObject
    {
        public abstract JsonObject Write();
    }

    private sealed class RefundObject(string id, string intentId, long amount, string? refundId) : StripeObject
    {
        public string Id => id;

        public string IntentId => intentId;

        public long Amount => amount;

        public string Status { get; set; } = "succeeded";

        public override JsonObject Write() => new()
        {
            ["id"] = id,
            ["object"] = "refund",
            ["status"] = Status,
            ["amount"] = amount,
            ["payment_intent"] = intentId,
            ["failure_reason"] = Status == "failed" ? "expired_or_canceled_card" : null,
            ["metadata"] = refundId is null ? new JsonObject() : new JsonObject { ["refund_id"] = refundId },
        };
    }

    private sealed class DisputeObject(string id, string intentId, long amount, string currency) : StripeObject
    {
        public string Id => id;

        public string Status { get; set; } = "needs_response";

        public override JsonObject Write() => new()
        {
            ["id"] = id,
            ["object"] = "dispute",
            ["status"] = Status,
            ["reason"] = "fraudulent",
            ["amount"] = amount,
            ["currency"] = currency,
            ["charge"] = $"ch_{intentId}",
            ["payment_intent"] = intentId,
        };
    }
}
