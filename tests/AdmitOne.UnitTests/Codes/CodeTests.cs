using System.Security.Cryptography;
using System.Text;
using AdmitOne.Tickets.Codes;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Options;

namespace AdmitOne.UnitTests.Codes;

public sealed class CodeTests
{
    private const string Key = "a-first-key-for-tests-0123456789-abcdef";
    private const string NewKey = "a-second-key-for-tests-9876543210-fedcba";

    private static readonly Guid s_tenant = Guid.Parse("0193a5b0-7c1e-7d3a-9f00-00000000000a");
    private static readonly SealedTicket s_ticket = new(Guid.Parse("0193a5b0-7c1e-7d3a-9f00-00000000aaaa"), 3, 0);

    [Theory]
    [InlineData("AB", "BB8")]
    [InlineData("Hello!!", "%69 VD92EX0")]
    [InlineData("base-45", "UJCLQE7W581")]
    [InlineData("ietf!", "QED8WEX0")]
    public void Base45_is_that_of_RFC_9285(string plain, string encoded)
    {
        Assert.Equal(encoded, Base45.Encode(Encoding.ASCII.GetBytes(plain)));
        var bytes = new byte[plain.Length];
        Assert.True(Base45.TryDecode(encoded, bytes, out var length));
        Assert.Equal(plain, Encoding.ASCII.GetString(bytes, 0, length));
    }

    [Theory]
    [InlineData("GGW")]    // 65 536
    [InlineData(":::")]
    [InlineData("::")]     // 2 024
    [InlineData("A")]
    [InlineData("AAAA")]
    [InlineData("ab")]
    [InlineData("A\u00e9")]
    public void Base45_refuses_what_it_does_not_make(string text) => Assert.False(Base45.TryDecode(text, new byte[10], out _));

    [Fact]
    public void Base45_gives_back_any_bytes() => Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes =>
    {
        var back = new byte[bytes.Length];
        return Base45.TryDecode(Base45.Encode(bytes), back, out var length) && length == bytes.Length && back.SequenceEqual(bytes);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_carrier_is_49_bytes_always_the_same_and_opens_to_what_was_sealed()
    {
        var seal = Seal(Key);
        var carrier = seal.Seal(s_tenant, s_ticket);
        Assert.Equal(49, carrier.Length);
        Assert.Equal(carrier, Seal(Key).Seal(s_tenant, s_ticket));
        Assert.True(seal.TryOpen(s_tenant, carrier, out var opened));
        Assert.Equal(s_ticket, opened);
        Assert.NotEqual(carrier, seal.Seal(s_tenant, s_ticket with { OwnerVersion = 4 }));
    }

    [Fact]
    public void A_carrier_of_another_tenant_or_key_does_not_open()
    {
        var carrier = Seal(Key).Seal(s_tenant, s_ticket);
        Assert.False(Seal(Key).TryOpen(Guid.CreateVersion7(), carrier, out _));
        Assert.False(Seal(NewKey).TryOpen(s_tenant, carrier, out _));
    }

    [Fact]
    public void After_a_rotation_old_and_new_carriers_open_and_then_only_new_ones()
    {
        var old = Seal(Key).Seal(s_tenant, s_ticket);
        var both = Seal(NewKey, Key);
        Assert.True(both.TryOpen(s_tenant, old, out _));
        Assert.True(both.TryOpen(s_tenant, both.Seal(s_tenant, s_ticket), out _));
        Assert.False(Seal(NewKey).TryOpen(s_tenant, old, out _));
    }

    [Fact]
    public void Whatever_bit_is_changed_a_code_no_longer_opens()
    {
        using var signer = new CodeSigner(Options.Create(new CodeOptions { Key = Key }));
        var codes = new TicketCodes(Seal(Key), signer);
        var carrier = Seal(Key).Seal(s_tenant, s_ticket);
        byte[] whole = [.. carrier, .. signer.Sign(carrier)];
        Assert.True(codes.TryOpen(s_tenant, Base45.Encode(whole), out var opened));
        Assert.Equal(new OpenedCode(s_ticket, Step: null), opened);
        for (var bit = 0; bit < whole.Length * 8; bit++)
        {
            var changed = whole.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(codes.TryOpen(s_tenant, Base45.Encode(changed), out _), $"bit {bit}");
        }
    }

    [Fact]
    public void A_code_that_is_known_need_not_be_verified_and_one_that_was_is_known()
    {
        using var signer = new CodeSigner(Options.Create(new CodeOptions { Key = Key }));
        var (codes, known) = (new TicketCodes(Seal(Key), signer), new SignedCodes());
        var carrier = Seal(Key).Seal(s_tenant, s_ticket);
        byte[] good = [.. carrier, .. signer.Sign(carrier)];
        byte[] unsigned = [.. carrier, .. new byte[64]];
        Assert.True(codes.TryOpen(s_tenant, Base45.Encode(good), out var opened, known));
        Assert.False(codes.TryOpen(s_tenant, Base45.Encode(unsigned), out _, known));
        Assert.Equal((s_ticket, true, false), (opened.Ticket, known.Has(good), known.Has(unsigned)));

        known.Learn(unsigned);   // only so can it be seen that nobody looks at the signature
        Assert.True(codes.TryOpen(s_tenant, Base45.Encode(unsigned), out _, known));
        Assert.False(codes.TryOpen(Guid.CreateVersion7(), Base45.Encode(unsigned), out _, known));
        Assert.False(new TicketCodes(Seal(NewKey), signer).TryOpen(s_tenant, Base45.Encode(unsigned), out _, known));
    }

    [Fact]
    public void An_events_codes_are_read_at_first_and_again_when_many_were_shown_since()
    {
        var times = 0;
        var known = new SignedCodes(read: _ => times++);
        void Learn(int from, int to) { for (var n = from; n < to; n++) known.Learn(BitConverter.GetBytes(n)); }
        Assert.False(known.Has(BitConverter.GetBytes(0)));
        Assert.Equal(0, times);   // asking leads to nothing: what was asked about may be anybody's
        Learn(0, 5_000);
        Assert.Equal(1, times);   // with the first; the others came while it was read
        known.EndReading(Enumerable.Range(0, 20_000).Select(n => BitConverter.GetBytes((UInt128)n)));
        Learn(5_000, 7_500);
        Assert.Equal(1, times);
        Learn(7_500, 8_000);      // a tenth of what is known by now
        Assert.Equal(2, times);
        known.EndReading([]);
        Learn(8_000, 8_500);      // it could not be read: not asked about at once
        Assert.Equal(2, times);
    }

    [Fact]
    public void A_rotating_code_is_95_characters_changes_each_half_minute_and_opens_to_its_step()
    {
        using var signer = new CodeSigner(Options.Create(new CodeOptions { Key = Key }));
        var codes = new TicketCodes(Seal(Key), signer);
        var (code, secret) = codes.Rotate(s_tenant, s_ticket, step: 59_479_411);
        Assert.Equal((95, 32), (code.Length, secret.Length));
        Assert.True(codes.TryOpen(s_tenant, code, out var opened));
        Assert.Equal(new OpenedCode(s_ticket, Step: 59_479_411), opened);
        Assert.NotEqual(code, codes.Rotate(s_tenant, s_ticket, step: 59_479_412).Code);
        Assert.Equal(secret, codes.Rotate(s_tenant, s_ticket, step: 1).Secret);
        Assert.NotEqual(secret, codes.Rotate(s_tenant, s_ticket with { OwnerVersion = 4 }, step: 1).Secret);
        Assert.NotEqual(secret, codes.Rotate(Guid.CreateVersion7(), s_ticket, step: 1).Secret);
    }

    [Fact]
    public void Whatever_bit_of_a_rotating_code_is_changed_it_no_longer_opens()
    {
        using var signer = new CodeSigner(Options.Create(new CodeOptions { Key = Key }));
        var codes = new TicketCodes(Seal(Key), signer);
        var whole = new byte[63];
        Assert.True(Base45.TryDecode(codes.Rotate(s_tenant, s_ticket, step: 59_479_411).Code, whole, out _));
        for (var bit = 0; bit < whole.Length * 8; bit++)
        {
            var changed = whole.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(codes.TryOpen(s_tenant, Base45.Encode(changed), out _), $"bit {bit}");
        }
    }

    [Fact]
    public void A_phone_that_has_the_old_keys_secret_goes_on_making_codes_while_the_keys_overlap()
    {
        using var signer = new CodeSigner(Options.Create(new CodeOptions { Key = NewKey }));
        var old = new TicketCodes(Seal(Key), signer).Rotate(s_tenant, s_ticket, step: 7);
        Assert.True(new TicketCodes(Seal(NewKey, Key), signer).TryOpen(s_tenant, old.Code, out var opened));
        Assert.Equal(7u, opened.Step);
        Assert.False(new TicketCodes(Seal(NewKey), signer).TryOpen(s_tenant, old.Code, out _));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(29, true)]
    [InlineData(59, true)]      // one step late
    [InlineData(60, false)]
    [InlineData(-1, true)]      // one step early
    [InlineData(-30, true)]
    [InlineData(-31, false)]
    public void A_step_is_taken_from_30_s_before_it_is_due_to_30_s_after(int seconds, bool due) =>
        Assert.Equal(due, RotatingCode.IsDue(1000, RotatingCode.Begins(1000).AddSeconds(seconds)));

    [Fact]
    public void A_signing_key_that_was_not_given_is_the_same_in_every_replica_and_one_that_was_is_used()
    {
        using var one = new CodeSigner(Options.Create(new CodeOptions { Key = Key }));
        using var two = new CodeSigner(Options.Create(new CodeOptions { Key = Key }));
        using var given = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var three = new CodeSigner(Options.Create(new CodeOptions { Key = Key, SigningKey = given.ExportECPrivateKeyPem() }));
        Assert.True(two.IsSigned("text"u8, one.Sign("text"u8)));
        Assert.False(three.IsSigned("text"u8, one.Sign("text"u8)));
        Assert.True(given.VerifyData("text"u8, three.Sign("text"u8), HashAlgorithmName.SHA256));
    }

    private static CodeSeal Seal(string key, string? previous = null) => new(Options.Create(new CodeOptions { Key = key, KeyPrevious = previous }));
}
