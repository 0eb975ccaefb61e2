using System.Globalization;
using AdmitOne.Tickets.Payments;
using AdmitOne.Tickets.Purchases;
using Microsoft.Extensions.Configuration;

namespace AdmitOne.UnitTests.Payments;

/// <summary>Settings of Stripe's that cannot work are refused with a sentence before anything starts.</summary>
public sealed class StripeOptionsTests
{
    // In two parts, so that nobody's scanner takes them for keys.
    private const string Body = "51MqLiJLkd" + "IwHu7ixUEgbFdYF";

    [Theory]
    [InlineData("sk_test_", "whsec_", "pk_test_", false, null)]
    [InlineData("rk_live_", "whsec_", "pk_live_", true, null)]
    [InlineData("sk_live_", "whsec_", null, true, null)]
    [InlineData("pk_live_", "whsec_", null, false, "STRIPE_SECRET_KEY is a publishable key (pk_…)")]
    [InlineData("whsec_", "whsec_", null, false, "STRIPE_SECRET_KEY is a webhook's signing secret (whsec_…)")]
    [InlineData("hello", "whsec_", null, false, "STRIPE_SECRET_KEY is no key of Stripe's")]
    [InlineData("sk_", "whsec_", null, false, "STRIPE_SECRET_KEY is a secret key (sk_…)")]   // of no mode
    [InlineData("sk_live_ ", "whsec_", null, false, "STRIPE_SECRET_KEY is cut off or has characters")]
    [InlineData("sk_live_", "sk_live_", null, false, "STRIPE_WEBHOOK_SECRET is a secret key (sk_…)")]
    [InlineData("sk_live_", "whsec_", "sk_live_", false, "STRIPE_PUBLISHABLE_KEY is a secret key (sk_…)")]
    [InlineData("sk_live_", "whsec_", "pk_test_", false, "of different modes")]
    [InlineData("sk_test_", "whsec_", "pk_test_", true, "STRIPE_SECRET_KEY is a test key")]
    [InlineData(null, "whsec_", null, false, "STRIPE_SECRET_KEY is missing")]
    [InlineData("sk_live_", null, null, false, "STRIPE_WEBHOOK_SECRET is missing")]
    public void A_key_of_another_kind_is_named_and_never_shown(string? secret, string? webhook, string? publishable, bool production, string? says)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("PAYMENT_METHODS", "free,stripe"), new("ENVIRONMENT", production ? "production" : "development")]).Build();
        var result = new StripeOptionsRules(configuration).Validate(null, new StripeOptions { SecretKey = Key(secret), WebhookSecret = Key(webhook), PublishableKey = Key(publishable) });
        if (says is null)
        {
            Assert.True(result.Succeeded, result.FailureMessage);
            return;
        }
        Assert.Contains(result.Failures!, line => line.Contains(says, StringComparison.Ordinal));
        Assert.DoesNotContain(Body, result.FailureMessage, StringComparison.Ordinal);

        static string? Key(string? prefix) => prefix is null ? null : prefix + Body;
    }

    [Fact]
    public void The_version_of_stripes_api_is_less_than_a_year_old()
    {
        var released = DateOnly.ParseExact(StripeClient.Version.Split('.')[0], "yyyy-MM-dd", CultureInfo.InvariantCulture);
        Assert.True(released.AddYears(1) > DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime),
            $"Stripe's API version {StripeClient.Version} is a year old: read docs.stripe.com/changelog, take the newest, and run the tests of payments.");
    }

    [Fact]
    public void A_payment_without_an_end_is_asked_about_at_growing_distances()
    {
        var end = new DateTimeOffset(2026, 10, 1, 12, 0, 0, TimeSpan.Zero);
        Assert.Equal(TimeSpan.FromSeconds(15), PaymentDesk.NextCheck(end.AddMinutes(-5), end) - end.AddMinutes(-5));
        Assert.Equal(end, PaymentDesk.NextCheck(end.AddSeconds(-5), end));
        var (now, asked, pauses) = (end, 0, new List<TimeSpan>());
        for (; now < end.AddDays(5); asked++)
        {
            var next = PaymentDesk.NextCheck(now, end);
            pauses.Add(next - now);
            now = next;
        }
        Assert.Equal(pauses.Order(), pauses);
        Assert.Equal((TimeSpan.FromSeconds(2), TimeSpan.FromHours(1)), (pauses[0], pauses[^1]));
        Assert.InRange(asked, 100, 160);   // five days of a bank debit, not two hundred thousand calls
    }

    [Theory]
    [InlineData(4500, "KWD", 4500L)]
    [InlineData(4507, "KWD", null)]
    [InlineData(4550, "MGA", null)]
    [InlineData(4500, "MGA", 45L)]
    [InlineData(45, "ISK", 4500L)]
    [InlineData(4507, "EUR", 4507L)]
    [InlineData(4507, "JPY", 4507L)]
    public void Amounts_are_counted_as_stripe_counts_them_and_back(long minor, string currency, long? atStripe)
    {
        Assert.Equal(atStripe, StripeAmount.Of(minor, currency));
        if (atStripe is { } amount) Assert.Equal(minor, StripeAmount.From(amount, currency));
    }
}
