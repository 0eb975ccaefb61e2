using System.Security.Cryptography;
using AdmitOne.Tickets.Codes;
using Microsoft.Extensions.Options;

namespace AdmitOne.UnitTests.Codes;

/// <summary>The vectors of docs/ticket-codes.md, byte for byte: printed tickets and other people's scanners rely on them.</summary>
public sealed class CodeVectorTests
{
    private const string Key = "an-example-key-for-the-page-of-codes-0001";
    private const string Carrier = "01d09a97f254eee02509de8b8124cb0af7e85f422e898fe17ffd9b829d92d05ce408aca6272198a69f23d037357821ce30";
    private const string StaticCode = "EA0KOJQSU.8UVU416SUEG3UPEFV-1CX*5N8I58GUTJI-JFFQB$S8$LR.4IDJE5KNEQ8Y6EC4I362/LAX2Q$P:ROKBH$VHX1E6T8D5B2KA.9LBHKBXGWCH6543EC-J271CCF57LIHUS6QRDX7M.1O2UV8CQ-ERMTM9G/.HSBP71";
    private const string RotatingText = "EA0KOJQSU.8UVU416SUEG3UPEFV-1CX*5N8I58GUTJI-JFFQB$S8$LR.4IDJE5KNEQ8Y6EC46363THRQE46K76G%JH4-3P3";
    private const string Secret = "5ed6139fcc83e510b68de967212431e96e96a0a12c0839d7681403c0a747ba58";
    private const string Record = "c53b424dad91a142d4363f3b17f78e83ecfcd89a8cde187f36c0d0ef155de44953a20586be59f5c08ebccd41162888ec6dc12f40";
    private const string RecordInside = "c53b424dad91a142257394e7a7231242fb565e76d0ffebfe44fa553bdace899b6859f71dd14a06f582480ce9a2b91894f56b7efee0ed3f199b25bfc29a420d023ace4d11eafff68adf68bbb076e8bb6e07878415";

    private static readonly Guid s_tenant = Guid.Parse("0199a1b2-7c00-7000-8000-0000000000aa");
    private static readonly SealedTicket s_ticket = new(Guid.Parse("0199a1b2-7c00-7000-8000-000000000006"), 1, 0);

    [Fact]
    public void A_carrier_its_secret_and_its_codes_are_those_of_the_page()
    {
        using var signer = Signer(Key);
        var seal = Seal(Key);
        var codes = new TicketCodes(seal, signer);
        var carrier = seal.Seal(s_tenant, s_ticket);
        Assert.Equal(Carrier, Convert.ToHexStringLower(carrier));
        Assert.Equal(Secret, Convert.ToHexStringLower(seal.RotationSecret(s_tenant, carrier)));
        Assert.Equal((RotatingText, Secret), (codes.Rotate(s_tenant, s_ticket, 59_479_411).Code, Convert.ToHexStringLower(codes.Rotate(s_tenant, s_ticket, 59_479_411).Secret)));
        Assert.True(codes.TryOpen(s_tenant, StaticCode, out var fixedOne));
        Assert.Equal(new OpenedCode(s_ticket, Step: null), fixedOne);
        Assert.True(codes.TryOpen(s_tenant, RotatingText, out var rotating));
        Assert.Equal(new OpenedCode(s_ticket, Step: 59_479_411), rotating);
        foreach (var no in new[] { StaticCode[..^1], StaticCode.ToLowerInvariant(), RotatingText + "0", RotatingText[..^1], "", new string('0', TicketCodes.StaticCharacters), new string('a', TicketCodes.RotatingCharacters) })
            Assert.False(codes.TryOpen(s_tenant, no, out _), no);
        Assert.False(codes.TryOpen(Guid.CreateVersion7(), StaticCode, out var nothing));
        Assert.Equal(default, nothing);
    }

    [Fact]
    public void A_record_of_a_door_pack_is_that_of_the_page()
    {
        var carrier = Convert.FromHexString(Carrier);
        Assert.Equal("c53b424dad91a142", Convert.ToHexStringLower(PackRecord.Lookup(carrier)));
        var ticket = new PackedTicket(0, 1, "AL", PackedState.Issued, Inside: null, Secret: null);
        Assert.Equal(Record, Convert.ToHexStringLower(PackRecord.Seal(carrier, ticket)));
        Assert.Equal(RecordInside, Convert.ToHexStringLower(PackRecord.Seal(carrier, ticket with { Inside = true, Secret = Convert.FromHexString(Secret) })));
        Assert.True(PackRecord.TryOpen(carrier, PackRecord.Seal(carrier, new PackedTicket(0x1234, 0xFEDC, "ABCDEFGHIJK", PackedState.Transferred, Inside: false, Secret: null)), out var opened));
        Assert.Equal(new PackedTicket(0x1234, 0xFEDC, "ABCDEFGHIJK", PackedState.Transferred, Inside: false, Secret: null), opened);
        Assert.True(PackRecord.TryOpen(carrier, PackRecord.Seal(carrier, ticket with { Initials = "ABCDEFGHIJKL" }), out var cut));
        Assert.Equal("ABCDEFGHIJK", cut!.Initials);
        foreach (var length in new[] { 0, 51, 53, 83, 85 }) Assert.False(PackRecord.TryOpen(carrier, new byte[length], out _));
    }

    [Fact]
    public void A_derived_key_is_that_of_the_page_and_no_private_half_is_shown()
    {
        using var signer = Signer(Key);
        var shown = Assert.Single(signer.PublicKeys);
        Assert.Equal("3ccee2631450fbfaa220101d949fb878d72319dcb3ab0bc369c15aa6be8d0c1a", Convert.ToHexStringLower(shown.Q.X!));
        Assert.Equal("e321169ee13b8b8dea3c04db9c091a8b895c1f1b5d6729149edaad7a24825627", Convert.ToHexStringLower(shown.Q.Y!));
        Assert.Null(shown.D);
        Assert.Equal(64, signer.Sign("text"u8).Length);
    }

    [Fact]
    public void What_was_signed_with_the_key_before_is_good_while_that_one_is_named()
    {
        using var before = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var now = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var (old, current) = (before.ExportECPrivateKeyPem(), now.ExportECPrivateKeyPem());
        using var both = Signer(Key, signing: current, signingBefore: old);
        using var one = Signer(Key, signing: current);
        var text = "text"u8.ToArray();
        var signed = before.SignData(text, HashAlgorithmName.SHA256);
        Assert.True(both.IsSigned(text, signed));
        Assert.True(both.IsSigned(text, both.Sign(text)));
        Assert.False(both.IsSigned("other"u8, signed));
        Assert.False(one.IsSigned(text, signed));
        Assert.Equal([now.ExportParameters(false).Q.X!, before.ExportParameters(false).Q.X!], both.PublicKeys.Select(key => key.Q.X!));
        Assert.Single(one.PublicKeys);
    }

    [Fact]
    public void A_derived_key_of_before_is_good_too_unless_signing_has_a_key_of_its_own()
    {
        const string Newer = "another-example-key-for-the-page-of-codes";
        using var given = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var before = Signer(Key);
        using var rotated = Signer(Newer, before: Key);
        using var separate = Signer(Newer, before: Key, signing: given.ExportECPrivateKeyPem());
        var text = "text"u8.ToArray();
        Assert.True(rotated.IsSigned(text, before.Sign(text)));
        Assert.Equal(2, rotated.PublicKeys.Count);
        Assert.False(separate.IsSigned(text, before.Sign(text)));
        Assert.Single(separate.PublicKeys);
    }

    [Fact]
    public void A_ticket_may_show_a_carrier_of_each_key_and_the_current_one_comes_first()
    {
        const string Newer = "another-example-key-for-the-page-of-codes";
        var both = Seal(Newer, Key);
        Assert.Equal([Seal(Newer).Seal(s_tenant, s_ticket), Convert.FromHexString(Carrier)], both.SealWithEachKey(s_tenant, s_ticket));
        Assert.Equal([.. Seal(Newer).KeyIds, .. Seal(Key).KeyIds], both.KeyIds);
        Assert.Equal(both.SealWithEachKey(s_tenant, s_ticket).First(), both.Seal(s_tenant, s_ticket));
        Assert.Single(Seal(Key).SealWithEachKey(s_tenant, s_ticket));
        Assert.Equal(Secret, Convert.ToHexStringLower(both.RotationSecret(s_tenant, Convert.FromHexString(Carrier))));
    }

    [Fact]
    public void What_has_another_length_version_or_key_is_no_carrier()
    {
        var seal = Seal(Key);
        byte[] carrier = Convert.FromHexString(Carrier);
        Assert.False(seal.TryOpen(s_tenant, carrier.AsSpan(..^1), out _));
        Assert.False(seal.TryOpen(s_tenant, [.. carrier, 0], out _));
        Assert.False(seal.TryOpen(s_tenant, [2, .. carrier[1..]], out _));
        Assert.False(seal.TryOpen(s_tenant, [1, (byte)(carrier[1] + 1), .. carrier[2..]], out var nothing));
        Assert.Equal(default, nothing);
        var other = s_ticket with { OwnerVersion = 300, Flags = 7 };
        Assert.True(seal.TryOpen(s_tenant, seal.Seal(s_tenant, other), out var opened));
        Assert.Equal(other, opened);
    }

    [Fact]
    public void Ten_thousand_organisers_later_the_first_ones_codes_still_open()
    {
        var seal = Seal(Key);
        for (var n = 0; n <= 10_001; n++) seal.RotationSecret(new Guid(n, 0, 0, new byte[8]), Convert.FromHexString(Carrier));
        Assert.True(seal.TryOpen(s_tenant, Convert.FromHexString(Carrier), out _));
    }

    [Fact]
    public void A_step_is_half_a_minute_and_its_proof_needs_the_secret()
    {
        var begins = new DateTimeOffset(2026, 7, 18, 13, 45, 30, TimeSpan.Zero);
        Assert.Equal((59_479_411u, 59_479_411u, 59_479_412u), (RotatingCode.StepAt(begins), RotatingCode.StepAt(begins.AddSeconds(29)), RotatingCode.StepAt(begins.AddSeconds(30))));
        Assert.Equal(begins, RotatingCode.Begins(59_479_411));
        var secret = Convert.FromHexString(Secret);
        var made = RotatingCode.Make(secret, 0x01020304);
        Assert.Equal((14, "01020304"), (made.Length, Convert.ToHexStringLower(made[..4])));
        Assert.True(RotatingCode.TryRead(secret, made, out var step));
        Assert.Equal(0x01020304u, step);
        Assert.False(RotatingCode.TryRead([1, .. secret[1..]], made, out _));
        Assert.False(RotatingCode.TryRead(secret, [.. made[..^1], (byte)(made[^1] ^ 1)], out _));
    }

    [Fact]
    public void Base45_needs_room_for_what_it_decodes_and_no_more()
    {
        Assert.Equal("", Base45.Encode([]));
        Assert.True(Base45.TryDecode("", [], out var none));
        Assert.Equal(0, none);
        Assert.True(Base45.TryDecode("QED8WEX0", new byte[5], out var length));
        Assert.Equal(5, length);
        Assert.False(Base45.TryDecode("QED8WEX0", new byte[4], out _));
        Assert.True(Base45.TryDecode("FGW", new byte[2], out _));      // 65 535
        Assert.True(Base45.TryDecode("U5", new byte[1], out _));       // 255
        Assert.False(Base45.TryDecode("V5", new byte[1], out _));      // 256
        Assert.Equal(("FGW", "U5"), (Base45.Encode([0xFF, 0xFF]), Base45.Encode([0xFF])));
        foreach (var no in new[] { "a00", "0a0", "00a" }) Assert.False(Base45.TryDecode(no, new byte[2], out _));
    }

    private static CodeSeal Seal(string key, string? before = null) => new(Options.Create(new CodeOptions { Key = key, KeyPrevious = before }));

    private static CodeSigner Signer(string key, string? before = null, string? signing = null, string? signingBefore = null) =>
        new(Options.Create(new CodeOptions { Key = key, KeyPrevious = before, SigningKey = signing, SigningKeyPrevious = signingBefore }));
}
