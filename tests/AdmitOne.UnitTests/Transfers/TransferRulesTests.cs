using AdmitOne.Tickets.Minting;
using AdmitOne.Tickets.Transfers;
using AdmitOne.UnitTests.Architecture;

namespace AdmitOne.UnitTests.Transfers;

public sealed class TransferRulesTests
{
    private static readonly DateTimeOffset s_doors = new(2026, 11, 22, 18, 30, 0, TimeSpan.Zero);

    private static readonly TransferFacts s_fine = new("issued", AdmittedAt: null, Transferable: true, "on_sale", TransferAllowed: true, UntilHoursBefore: 2, s_doors,
        Accepted: 0, LastAcceptedAt: null, s_doors.AddHours(-3));

    [Fact]
    public void A_good_ticket_in_time_may_change_hands() => Assert.Null(TransferRules.Refuse(s_fine));

    [Fact]
    public void The_time_ends_to_the_microsecond()
    {
        Assert.Null(TransferRules.Refuse(s_fine with { Now = s_doors.AddHours(-2).AddMicroseconds(-1) }));
        Assert.Equal("transfer_not_allowed", Code(s_fine with { Now = s_doors.AddHours(-2) }));
        Assert.Equal("transfer_limit", Code(s_fine with { Accepted = 1, LastAcceptedAt = s_fine.Now.AddMinutes(-30).AddMicroseconds(1) }));
        Assert.Null(TransferRules.Refuse(s_fine with { Accepted = 1, LastAcceptedAt = s_fine.Now.AddMinutes(-30) }));
    }

    [Fact]
    public void What_is_wrong_with_the_ticket_is_said_before_what_is_wrong_with_the_time()
    {
        var late = s_fine with { Now = s_doors, Accepted = 5 };
        Assert.Equal("ticket_not_issued", Code(late with { TicketStatus = "blocked", AdmittedAt = s_doors }));
        Assert.Equal("ticket_used", Code(late with { AdmittedAt = s_doors }));
        Assert.Equal("transfer_not_allowed", Code(late));
        foreach (var status in new[] { "cancelled", "completed", null }) Assert.Equal("transfer_not_allowed", Code(s_fine with { EventStatus = status }));
        Assert.Equal("transfer_not_allowed", Code(s_fine with { Transferable = false }));
        Assert.Equal("transfer_not_allowed", Code(s_fine with { TransferAllowed = false }));
        Assert.Equal("transfer_limit", Code(s_fine with { Accepted = 5 }));
    }

    [Fact]
    public void The_page_of_transfers_says_the_limits_of_the_code()
    {
        var page = Page("transfers.md");
        Assert.Contains($"An offer stands for {TransferRules.OfferStands.TotalHours} hours", page, StringComparison.Ordinal);
        Assert.Contains($"{TransferRules.BetweenTransfers.TotalMinutes} minutes between", page, StringComparison.Ordinal);
        Assert.Contains($"changes hands at most {TransferRules.MaxAccepted} times", page, StringComparison.Ordinal);
        Assert.Contains($"makes at most {TransferRules.MaxOffersADay} offers", page, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_of_minting_says_the_figures_of_the_code()
    {
        var page = Page("minting.md");
        Assert.Contains($"batches of at most {MintingWorker.BatchSize}", page, StringComparison.Ordinal);
        Assert.Contains($"no answer within {MintingPatience.Timeout.TotalSeconds} s", page, StringComparison.Ordinal);
    }

    [Fact]
    public void A_job_that_fails_is_left_alone_for_longer_each_time_up_to_an_hour()
    {
        var options = new MintingOptions { RetrySeconds = 5 };
        for (var attempt = 1; attempt < 40; attempt++)
        {
            var longest = Math.Min(5 * Math.Pow(2, attempt - 1), 3600);
            Assert.InRange(MintPauses.AfterAFailure(options, attempt).TotalSeconds, longest / 2, longest);
        }
    }

    private static string? Code(TransferFacts facts) => TransferRules.Refuse(facts)?.Type.Code;

    private static string Page(string name) => File.ReadAllText(Path.Combine(Checkout.Root, "docs", name));
}
