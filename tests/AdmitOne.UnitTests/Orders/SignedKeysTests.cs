using AdmitOne.Tickets.Codes;
using AdmitOne.Tickets.Guests;
using AdmitOne.Tickets.Orders;
using Microsoft.Extensions.Options;

namespace AdmitOne.UnitTests.Orders;

/// <summary>The keys of orders' pages and the tokens of guests: good for what they were made for, also after the secret was changed once, and for nothing else.</summary>
public sealed class SignedKeysTests
{
    private const string Number = "7KQ2M9XDRT";
    private static readonly Guid s_tenant = Guid.CreateVersion7();

    private readonly HandClock _clock = new();

    [Fact]
    public void A_pages_key_opens_its_order_and_no_other()
    {
        var keys = new OrderPageKeys(Secrets("first"));
        var key = keys.Of(s_tenant, Number);
        Assert.Equal(43, key.Length);
        Assert.Equal(s_tenant, keys.FindTenant(Number, key));
        Assert.Null(keys.FindTenant("7KQ2M9XDRS", key));
        Assert.NotEqual(key, keys.Of(Guid.CreateVersion7(), Number));
        Assert.All(Altered(key), altered => Assert.Null(keys.FindTenant(Number, altered)));
        Assert.All(["", "x", key[1..], key + "A", new string('/', 43)], other => Assert.Null(keys.FindTenant(Number, other)));
    }

    [Fact]
    public void A_changed_secret_is_good_until_it_is_changed_again()
    {
        var (key, token) = (new OrderPageKeys(Secrets("first")).Of(s_tenant, Number), new GuestTokens(Secrets("first"), _clock).Issue(s_tenant).Token);
        Assert.Equal(s_tenant, new OrderPageKeys(Secrets("second", "first")).FindTenant(Number, key));
        Assert.Equal(s_tenant, new GuestTokens(Secrets("second", "first"), _clock).Read(token)?.TenantId);
        Assert.Null(new OrderPageKeys(Secrets("third", "second")).FindTenant(Number, key));
        Assert.Null(new GuestTokens(Secrets("third", "second"), _clock).Read(token));
    }

    [Fact]
    public void A_guests_token_says_what_it_was_issued_with_and_cannot_be_altered()
    {
        var tokens = new GuestTokens(Secrets("first"), _clock);
        var (token, guest) = tokens.Issue(s_tenant);
        Assert.Equal(guest, tokens.Read(token));
        Assert.Equal(TimeSpan.FromHours(24), guest.EndsAt - DateTimeOffset.FromUnixTimeSeconds(_clock.GetUtcNow().ToUnixTimeSeconds()));
        Assert.NotEqual(guest.UserId, tokens.Issue(s_tenant).Guest.UserId);
        Assert.All(Altered(token), altered => Assert.Null(tokens.Read(altered)));
        Assert.Null(tokens.Read(token.Replace("guest.", "", StringComparison.Ordinal)));
    }

    // Each character but the last is another one: the last has bits that say nothing.
    private static IEnumerable<string> Altered(string text) => Enumerable.Range(0, text.Length - 1).Select(n => text[..n] + (text[n] == 'A' ? 'B' : 'A') + text[(n + 1)..]);

    private static IOptions<CodeOptions> Secrets(string current, string? previous = null) => Options.Create(new CodeOptions { Key = Secret(current), KeyPrevious = previous is null ? null : Secret(previous) });

    private static string Secret(string name) => name.PadRight(32, '.');
}
