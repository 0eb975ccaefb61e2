using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using AdmitOne.Tickets.Payments;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AdmitOne.IntegrationTests.Harness;

/// <summary>
/// Speaks as much of Stripe's REST API as its public reference describes and we use: form-encoded requests, idempotency keys, Payment Intents with
/// their states and errors, currencies with three decimals, refunds that take time or fail, disputes, signed events. It misbehaves on command: a token <c>pm_test_{call}_{fault}</c> names what goes wrong, where
/// call is create, confirm, retrieve, cancel or refund, and fault is <c>500</c> or <c>429</c> (the first time), <c>hangs</c> (nothing is done, nothing answered),
/// <c>deaf</c> (done, and the first answer never comes), <c>lost</c> (as hangs, the first time), <c>waits</c> (until it is let go). A refund of
/// <c>pm_test_refund_pending</c> and <c>pm_test_refund_action</c> is accepted and not finished; one of <c>pm_test_refund_broke</c> is refused for want of money until
/// there is some. What happens in the dashboard is in the other part of this class.
/// </summary>
public sealed partial class StripeServer : IAsyncDisposable
{
    public const string SecretKey = "sk_test_51ThisIsOnlyATest";
    public const string PublishableKey = "pk_test_51ThisIsOnlyATest";
    public const string WebhookSecret = "whsec_ThisIsOnlyATestToo";

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, Intent> _intents = new();
    private readonly Dictionary<string, (string Request, int Status, string Body)> _answered = [];
    private readonly HashSet<string> _misbehaved = [];
    private readonly Dictionary<string, TaskCompletionSource> _gates = [];
    private readonly Lock _one = new();
    private int _made;

    private StripeServer(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.First());

    /// <summary>What a Ticket Service is told to use it.</summary>
    public (string Name, string Value)[] Settings => [
        ("PAYMENT_METHODS", "free,cash,test,stripe"), ("STRIPE_API_URL", Url.ToString()), ("STRIPE_SECRET_KEY", SecretKey), ("STRIPE_WEBHOOK_SECRET", WebhookSecret),
        ("STRIPE_PUBLISHABLE_KEY", PublishableKey)];

    public static async Task<StripeServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        var server = new StripeServer(app);
        app.Run(server.AnswerAsync);
        await app.StartAsync();
        return server;
    }

    /// <summary>What came in and went back for an order, and how often its card was charged.</summary>
    public (long Received, long Refunded, int Charges, string Status) Of(Guid orderId)
    {
        lock (_one)
        {
            var mine = _intents.Values.Where(i => i.OrderId == orderId.ToString()).ToArray();
            return (mine.Sum(i => i.Received), mine.Sum(i => RefundedOf(i.Id)), mine.Sum(i => i.Charges), string.Join(",", mine.Select(i => i.Status)));
        }
    }

    /// <summary>The buyer has done what was asked of them, or the bank has.</summary>
    public void Finish(Guid orderId, bool well = true)
    {
        lock (_one) Charge(_intents.Values.Single(i => i.OrderId == orderId.ToString()), well);
    }

    /// <summary>Sends an event about an order's Payment Intent, as Stripe would; <paramref name="secret"/> and <paramref name="at"/> to do it wrongly.</summary>
    public async Task<HttpResponseMessage> TellAsync(HttpClient client, Guid orderId, string type, string? id = null, string? secret = null, DateTimeOffset? at = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        JsonNode intent;
        lock (_one)
        {
            intent = _intents.Values.FirstOrDefault(i => i.OrderId == orderId.ToString()) is { } known ? Write(known)
                : new JsonObject { ["id"] = "pi_unknown", ["object"] = "payment_intent", ["metadata"] = new JsonObject { ["order_id"] = orderId.ToString() } };
        }
        return await TellAsync(client, type, intent, id, secret, at);
    }

    private static async Task<HttpResponseMessage> TellAsync(HttpClient client, string type, JsonNode about, string? id = null, string? secret = null, DateTimeOffset? at = null)
    {
        var body = new JsonObject
        {
            ["id"] = id ?? $"evt_{Guid.CreateVersion7():N}", ["object"] = "event", ["type"] = type, ["data"] = new JsonObject { ["object"] = about },
        }.ToJsonString();
        var timestamp = (at ?? TimeProvider.System.GetUtcNow()).ToUnixTimeSeconds();
        var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/webhooks/stripe") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation("Stripe-Signature",
            $"t={timestamp},v1={StripeSignature.Sign("another secret", timestamp, Encoding.UTF8.GetBytes(body))},v1={StripeSignature.Sign(secret ?? WebhookSecret, timestamp, Encoding.UTF8.GetBytes(body))},v0=ignored");
        return await client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        if (context.Request.Headers.Authorization != $"Bearer {SecretKey}")
        {
            await WriteAsync(context, 401, Error("invalid_request_error", null, "Invalid API Key provided."));
            return;
        }
        var form = context.Request.HasFormContentType ? (await context.Request.ReadFormAsync()).ToDictionary(f => f.Key, f => f.Value.ToString()) : [];
        var path = context.Request.Path.Value!.Trim('/').Split('/');
        var call = (context.Request.Method, path) switch
        {
            ("POST", ["v1", "payment_intents"]) => "create",
            ("GET", ["v1", "payment_intents", _]) => "retrieve",
            ("POST", ["v1", "payment_intents", _, "confirm"]) => "confirm",
            ("POST", ["v1", "payment_intents", _, "cancel"]) => "cancel",
            ("POST", ["v1", "refunds"]) => "refund",
            ("GET", ["v1", "refunds"]) => "refunds",
            ("GET", ["v1", "refunds", _]) => "lookup",
            ("GET", ["v1", "disputes", _]) => "dispute",
            _ => "unknown",
        };
        var (token, about) = About(call, path, form);
        var fault = token.StartsWith($"pm_test_{call}_", StringComparison.Ordinal) ? token[$"pm_test_{call}_".Length..] : null;
        bool first;
        lock (_one)
        {
            first = _misbehaved.Add($"{call} {about}");
            _calls.Add((call, about, context.Request.Headers["Idempotency-Key"].ToString()));
        }
        if (fault == "hangs" || (fault == "lost" && first)) await HangAsync(context);
        if (fault == "waits") await Gate(about).Task.WaitAsync(context.RequestAborted);
        if (fault is "500" or "429" && first)
        {
            await WriteAsync(context, int.Parse(fault, CultureInfo.InvariantCulture), Error("api_error", null, "Try again."));
            return;
        }

        (int Status, string Body) answer;
        lock (_one)
        {
            answer = call switch
            {
                "refunds" => ListRefunds(context.Request.Query),
                "lookup" => Found(_refunds.Find(r => r.Id == path[2])),
                "dispute" => Found(_disputes.Find(d => d.Id == path[2])),
                _ => AnswerOnce(call, context.Request.Headers["Idempotency-Key"].ToString(), path, form),
            };
        }
        if (fault == "deaf" && first) await HangAsync(context);
        await WriteAsync(context, answer.Status, answer.Body);
    }

    private (string Token, string About) About(string call, string[] path, Dictionary<string, string> form)
    {
        if (call == "create") return (form.GetValueOrDefault("payment_method", ""), form.GetValueOrDefault("metadata[order_id]", ""));
        return _intents.TryGetValue(call == "refund" ? form.GetValueOrDefault("payment_intent", "") : path.Length > 2 ? path[2] : "", out var intent) ? (intent.Token, intent.OrderId) : ("", "");
    }

    /// <summary>Lets a call that waits go on.</summary>
    public void LetGo(Guid orderId) => Gate(orderId.ToString()).TrySetResult();

    private TaskCompletionSource Gate(string orderId)
    {
        lock (_one) return _gates.TryGetValue(orderId, out var gate) ? gate : _gates[orderId] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private static async Task HangAsync(HttpContext context)
    {
        await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        context.RequestAborted.ThrowIfCancellationRequested();
    }

    // The same key is answered the same again, if it asks for the same.
    private (int Status, string Body) AnswerOnce(string call, string key, string[] path, Dictionary<string, string> form)
    {
        var request = $"{string.Join('/', path)}?{string.Join('&', form.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => $"{f.Key}={f.Value}"))}";
        if (call == "retrieve") return Act(call, path, form);
        if (key.Length == 0) return (400, Error("invalid_request_error", null, "This server wants an Idempotency-Key for each POST."));
        if (_answered.TryGetValue(key, out var before))
            return before.Request == request ? (before.Status, before.Body) : (400, Error("idempotency_error", null, "Keys for idempotent requests can only be used with the same parameters."));
        var answer = Act(call, path, form);
        _answered[key] = (request, answer.Status, answer.Body);
        return answer;
    }

    private (int Status, string Body) Act(string call, string[] path, Dictionary<string, string> form)
    {
        if (call == "create")
        {
            var token = form["payment_method"];
            if (token == "pm_card_unknown") return (400, Error("invalid_request_error", "resource_missing", $"No such PaymentMethod: '{token}'"));
            if (s_threeDecimals.Contains(form["currency"]) && !form["amount"].EndsWith('0')) return (400, Error("invalid_request_error", null, "Invalid amount: the last digit must be 0.", param: "amount"));
            var made = new Intent($"pi_{++_made:D6}", token, long.Parse(form["amount"], CultureInfo.InvariantCulture), form["currency"], form["metadata[order_id]"]);
            _intents[made.Id] = made;
            return (200, Write(made).ToJsonString());
        }
        if (call == "refund") return Refund(form);
        if (path.Length < 3 || !_intents.TryGetValue(path[2], out var intent)) return (404, Error("invalid_request_error", "resource_missing", "No such payment_intent."));
        switch (call)
        {
            case "confirm" when intent.Status is not ("requires_confirmation" or "requires_payment_method"):
            case "cancel" when intent.Status is "succeeded" or "canceled" or "processing":
                return (400, Error("invalid_request_error", "payment_intent_unexpected_state", $"It is {intent.Status}.", intent));
            case "cancel": intent.Status = "canceled"; break;
            case "confirm" when intent.Token == "pm_card_authenticationRequired": intent.Status = "requires_action"; break;
            case "confirm" when intent.Token == "pm_card_processing": intent.Status = "processing"; break;
            case "confirm" when intent.Token == "pm_card_chargeDeclined":
                Charge(intent, well: false);
                return (402, Error("card_error", "card_declined", "Your card was declined.", intent));
            case "confirm": Charge(intent, well: true); break;
        }
        return (200, Write(intent).ToJsonString());
    }

    private static void Charge(Intent intent, bool well)
    {
        intent.Declined = !well;
        intent.Status = well ? "succeeded" : "requires_payment_method";
        if (!well) return;
        intent.Received += intent.Amount;
        intent.Charges++;
    }

    private static JsonObject Write(Intent intent) => new()
    {
        ["id"] = intent.Id,
        ["object"] = "payment_intent",
        ["amount"] = intent.Amount,
        ["currency"] = intent.Currency,
        ["status"] = intent.Status,
        ["client_secret"] = $"{intent.Id}_secret_x",
        ["livemode"] = false,
        ["metadata"] = new JsonObject { ["order_id"] = intent.OrderId },
        ["next_action"] = intent.Status == "requires_action" ? new JsonObject { ["type"] = "use_stripe_sdk", ["use_stripe_sdk"] = new JsonObject() } : null,
        ["last_payment_error"] = intent.Declined ? new JsonObject { ["type"] = "card_error", ["code"] = "card_declined", ["message"] = "Your card was declined." } : null,
    };

    private static string Error(string type, string? code, string message, Intent? intent = null, string? param = null) => new JsonObject
    {
        ["error"] = new JsonObject { ["type"] = type, ["code"] = code, ["message"] = message, ["param"] = param, ["payment_intent"] = intent is null ? null : Write(intent) },
    }.ToJsonString();

    private static async Task WriteAsync(HttpContext context, int status, string body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(body);
    }

    private sealed class Intent(string id, string token, long amount, string currency, string orderId)
    {
        public string Id { get; } = id;

        public string Token { get; } = token;

        public long Amount { get; } = amount;

        public string Currency { get; } = currency;

        public string OrderId { get; } = orderId;

        public string Status { get; set; } = "requires_confirmation";

        public bool Declined { get; set; }

        public long Received { get; set; }

        public int Charges { get; set; }
    }
}
