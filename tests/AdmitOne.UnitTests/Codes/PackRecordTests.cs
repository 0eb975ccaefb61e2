using System.Security.Cryptography;
using AdmitOne.Tickets.Codes;

namespace AdmitOne.UnitTests.Codes;

public sealed class PackRecordTests
{
    private static readonly byte[] s_carrier = RandomNumberGenerator.GetBytes(49);
    private static readonly PackedTicket s_ticket = new(3, 1, "AL", PackedState.Issued, Inside: null, Secret: null);

    [Theory]
    [InlineData("AL", PackedState.Issued, null)]
    [InlineData("", PackedState.Blocked, true)]
    [InlineData("ÄÖÜ", PackedState.Refunded, false)]
    [InlineData("李小龍", PackedState.Cancelled, null)]
    [InlineData("A", PackedState.Transferred, null)]
    public void A_record_opens_with_its_own_code_to_what_was_sealed_and_all_have_one_length(string initials, PackedState state, bool? inside)
    {
        foreach (var secret in new[] { null, RandomNumberGenerator.GetBytes(32) })
        {
            var ticket = s_ticket with { Initials = initials, State = state, Inside = inside, Secret = secret };
            var record = PackRecord.Seal(s_carrier, ticket);
            Assert.Equal(secret is null ? 52 : 84, record.Length);
            Assert.Equal(PackRecord.Lookup(s_carrier), record[..8]);
            Assert.True(PackRecord.TryOpen(s_carrier, record, out var opened));
            Assert.Equal(ticket with { Secret = null }, opened! with { Secret = null });
            Assert.Equal(secret, opened.Secret);
        }
    }

    [Fact]
    public void Initials_that_are_too_long_lose_whole_characters()
    {
        Assert.True(PackRecord.TryOpen(s_carrier, PackRecord.Seal(s_carrier, s_ticket with { Initials = "😀😀😀" }), out var opened));
        Assert.Equal("😀😀", opened!.Initials);
    }

    [Fact]
    public void A_record_opens_with_no_other_code_and_not_when_a_bit_of_it_is_changed()
    {
        var record = PackRecord.Seal(s_carrier, s_ticket);
        Assert.False(PackRecord.TryOpen(RandomNumberGenerator.GetBytes(49), record, out _));
        for (var bit = 0; bit < record.Length * 8; bit++)
        {
            var changed = record.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(PackRecord.TryOpen(s_carrier, changed, out _), $"bit {bit}");
        }
    }

    [Fact]
    public void Two_states_of_a_ticket_never_share_a_nonce_and_one_state_is_always_one_record()
    {
        var issued = PackRecord.Seal(s_carrier, s_ticket);
        Assert.Equal(issued, PackRecord.Seal(s_carrier, s_ticket));
        Assert.NotEqual(issued[8..20], PackRecord.Seal(s_carrier, s_ticket with { State = PackedState.Refunded })[8..20]);
    }
}
