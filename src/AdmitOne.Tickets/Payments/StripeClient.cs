using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization;
using AdmitOne.Platform.Outbound;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace AdmitOne.Tickets.Payments;

/// <summary>
/// As much of Stripe's REST API as a sale needs: Payment Intents, refunds and disputes, form-encoded, in one version. Each call that changes
/// something carries an idempotency key of ours, so that a repeat is answered what the first was.
/// </summary>
internal sealed class StripeClient(IHttpClientFactory clients, IOptions<StripeOptions> options, StripePatience patience)
{
    public const string HttpClientName = "stripe";

    /// <summary>The version of Stripe's API that this client speaks, whatever the account's default is. The date in it is when Stripe released it.</summary>
    public const string Version = "2026-09-30.endive";

    // Stripe adds properties at any time.
    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>POST /v1/payment_intents, not confirmed: it moves no money.</summary>
    public Task<StripeReply<StripeIntent>> CreateAsync(ProviderPayment payment, long amount, CancellationToken cancellationToken) => SendAsync<StripeIntent>(HttpMethod.Post, "v1/payment_intents",
    [
        ("amount", amount.ToString(System.Globalization.CultureInfo.InvariantCulture)), ("currency", payment.Currency.ToLowerInvariant()), ("payment_method", payment.Token),
        ("automatic_payment_methods[enabled]", "true"), ("automatic_payment_methods[allow_redirects]", "never"),
        ("metadata[order_id]", payment.OrderId.ToString()), ("metadata[payment_id]", payment.PaymentId.ToString()),
    ], $"{payment.PaymentId}-create", cancellationToken);

    /// <summary>POST /v1/payment_intents/{id}/confirm: this is what charges.</summary>
    public Task<StripeReply<StripeIntent>> ConfirmAsync(ProviderPayment payment, string id, CancellationToken cancellationToken) =>
        SendAsync<StripeIntent>(HttpMethod.Post, $"v1/payment_intents/{Uri.EscapeDataString(id)}/confirm", [("payment_method", payment.Token)], $"{payment.PaymentId}-confirm", cancellationToken);

    /// <summary>GET /v1/payment_intents/{id}.</summary>
    public Task<StripeReply<StripeIntent>> RetrieveAsync(string id, CancellationToken cancellationToken) =>
        SendAsync<StripeIntent>(HttpMethod.Get, $"v1/payment_intents/{Uri.EscapeDataString(id)}", null, null, cancellationToken);

    /// <summary>POST /v1/payment_intents/{id}/cancel; refused once the money is there.</summary>
    public Task<StripeReply<StripeIntent>> CancelAsync(ProviderPayment payment, string id, CancellationToken cancellationToken) =>
        SendAsync<StripeIntent>(HttpMethod.Post, $"v1/payment_intents/{Uri.EscapeDataString(id)}/cancel", [("cancellation_reason", "abandoned")], $"{payment.PaymentId}-cancel", cancellationToken);

    /// <summary>POST /v1/refunds.</summary>
    public Task<StripeReply<StripeRefund>> RefundAsync(ProviderRefund refund, string intentId, long amount, CancellationToken cancellationToken) => SendAsync<StripeRefund>(HttpMethod.Post, "v1/refunds",
    [
        ("payment_intent", intentId), ("amount", amount.ToString(System.Globalization.CultureInfo.InvariantCulture)), ("metadata[refund_id]", refund.RefundId.ToString()),
    ], refund.KeyNumber == 1 ? $"{refund.RefundId}-refund" : $"{refund.RefundId}-refund-{refund.KeyNumber}", cancellationToken);

    /// <summary>GET /v1/refunds/{id}.</summary>
    public Task<StripeReply<StripeRefund>> RetrieveRefundAsync(string id, CancellationToken cancellationToken) =>
        SendAsync<StripeRefund>(HttpMethod.Get, $"v1/refunds/{Uri.EscapeDataString(id)}", null, null, cancellationToken);

    /// <summary>GET /v1/refunds?payment_intent=: all of a payment's refunds, whoever made them, the oldest first.</summary>
    public async Task<StripeReply<IReadOnlyList<StripeRefund>>> ListRefundsAsync(string intentId, CancellationToken cancellationToken)
    {
        var all = new List<StripeRefund>();
        while (true)
        {
            var after = all.Count == 0 ? "" : $"&starting_after={Uri.EscapeDataString(all[^1].Id)}";
            var (page, error) = await SendAsync<StripeList<StripeRefund>>(HttpMethod.Get, $"v1/refunds?payment_intent={Uri.EscapeDataString(intentId)}&limit=100{after}", null, null, cancellationToken);
            if (page is null) return new StripeReply<IReadOnlyList<StripeRefund>>(null, error);
            all.AddRange(page.Data);
            if (page.HasMore && page.Data.Count > 0) continue;
            all.Reverse();   // Stripe lists the newest first
            return new StripeReply<IReadOnlyList<StripeRefund>>(all, null);
        }
    }

    /// <summary>GET /v1/disputes/{id}.</summary>
    public Task<StripeReply<StripeDispute>> RetrieveDisputeAsync(string id, CancellationToken cancellationToken) =>
        SendAsync<StripeDispute>(HttpMethod.Get, $"v1/disputes/{Uri.EscapeDataString(id)}", null, null, cancellationToken);

    private async Task<StripeReply<T>> SendAsync<T>(HttpMethod method, string path, (string Name, string Value)[]? form, string? idempotencyKey, CancellationToken cancellationToken) where T : class
    {
        try
        {
            return await patience.Pipeline.ExecuteAsync(async attempt =>
            {
                using var request = new HttpRequestMessage(method, path);
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", options.Value.SecretKey);
                request.Headers.Add("Stripe-Version", Version);
                if (idempotencyKey is not null) request.Headers.Add("Idempotency-Key", idempotencyKey);
                if (form is not null) request.Content = new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value)));
                using var http = clients.CreateClient(HttpClientName);
                using var answer = await http.SendAsync(request, attempt);
                return await ReadAsync<T>(answer, attempt);
            }, cancellationToken);
        }
        catch (Exception away) when (away is HttpRequestException or TimeoutRejectedException or BrokenCircuitException or JsonException or IOException)
        {
            throw new PaymentProviderException("Stripe does not answer, or not in a way that can be read.", away);
        }
    }

    private static async Task<StripeReply<T>> ReadAsync<T>(HttpResponseMessage answer, CancellationToken cancellationToken) where T : class
    {
        // What may pass by itself, and a key of ours that is not accepted, say nothing about the payment.
        if (answer.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.Conflict or >= HttpStatusCode.InternalServerError)
            throw new HttpRequestException($"Stripe answered {(int)answer.StatusCode}.", null, answer.StatusCode);
        if (answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
            throw new PaymentProviderException($"Stripe answered {(int)answer.StatusCode}: it does not accept STRIPE_SECRET_KEY.");
        await using var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
        if (answer.IsSuccessStatusCode) return new StripeReply<T>(await JsonSerializer.DeserializeAsync<T>(body, s_json, cancellationToken), null);
        var said = await JsonSerializer.DeserializeAsync<StripeFault>(body, s_json, cancellationToken);
        return new StripeReply<T>(null, said?.Error ?? throw new JsonException("An error without an error."));
    }
}

/// <summary>What Stripe made of a call: the object, or why not.</summary>
internal sealed record StripeReply<T>(T? Value, StripeError? Error) where T : class;

/// <param name="Status">requires_payment_method, requires_confirmation, requires_action, processing, requires_capture, canceled or succeeded.</param>
internal sealed record StripeIntent(string Id, string Status, string? ClientSecret, StripeNextAction? NextAction, StripeError? LastPaymentError, Dictionary<string, string>? Metadata);

internal sealed record StripeNextAction(string Type, StripeRedirect? RedirectToUrl);

internal sealed record StripeRedirect(string? Url);

/// <param name="Status">pending, requires_action, succeeded, failed or canceled.</param>
/// <param name="Amount">As Stripe counts it (<see cref="StripeAmount"/>).</param>
internal sealed record StripeRefund(string Id, string Status, string? FailureReason, long Amount, Dictionary<string, string>? Metadata)
{
    /// <summary>No money moves by it any more.</summary>
    public bool IsDead => Status is "failed" or "canceled";

    /// <summary>The refund of ours that it is; null for one that was made elsewhere.</summary>
    public Guid? RefundId => Guid.TryParse(Metadata?.GetValueOrDefault("refund_id"), out var id) ? id : null;

    public ProviderRefundResult Result() => Status switch
    {
        "succeeded" => new ProviderRefundResult(ProviderRefundState.Succeeded, Id),
        "failed" or "canceled" => new ProviderRefundResult(ProviderRefundState.Failed, Id, $"Stripe could not send it: {FailureReason ?? Status}."),
        "requires_action" => new ProviderRefundResult(ProviderRefundState.Pending, Id, "Stripe waits for the buyer, whom it has written to."),
        _ => new ProviderRefundResult(ProviderRefundState.Pending, Id),
    };
}

/// <param name="Status">warning_needs_response, warning_under_review, warning_closed, needs_response, under_review, won, lost or prevented.</param>
internal sealed record StripeDispute(string Id, string Status, string? Reason, long Amount, string Currency);

internal sealed record StripeList<T>(IReadOnlyList<T> Data, bool HasMore);

internal sealed record StripeFault(StripeError? Error);

/// <param name="Type">card_error, invalid_request_error, idempotency_error or api_error.</param>
internal sealed record StripeError(string Type, string? Code, string? DeclineCode, string? Message, [property: JsonPropertyName("payment_intent")] StripeIntent? Intent, string? Param = null);

/// <summary>How long Stripe is waited for. One for the process, because a breaker is worth something only when all calls share it.</summary>
internal sealed class StripePatience
{
    /// <summary>The most that one call takes, attempts and pauses together; a charge makes at most three calls.</summary>
    private static readonly TimeSpan s_wholeCall = TimeSpan.FromSeconds(12);

    public const string Neighbour = "stripe";

    public StripePatience(TimeProvider clock, [FromKeyedServices(Neighbour)] Breaker breaker) => Pipeline = new ResiliencePipelineBuilder { TimeProvider = new SteadyClock(clock) }
        .AddTimeout(s_wholeCall)
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<HttpRequestException>().Handle<TimeoutRejectedException>(),
            MaxRetryAttempts = 2,
            Delay = TimeSpan.FromMilliseconds(200),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
        })
        .AddCircuitBreaker(new CircuitBreakerStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<HttpRequestException>().Handle<TimeoutRejectedException>(),
            FailureRatio = 0.5,
            MinimumThroughput = 20,
            SamplingDuration = TimeSpan.FromSeconds(10),
            BreakDuration = TimeSpan.FromSeconds(5),
            StateProvider = breaker.State,
            ManualControl = breaker.Control,
        })
        .AddTimeout(TimeSpan.FromSeconds(4))
        .Build();

    public ResiliencePipeline Pipeline { get; }
}
