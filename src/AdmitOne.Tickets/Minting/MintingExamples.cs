namespace AdmitOne.Tickets.Minting;

internal static class MintingExamples
{
    public static readonly MintAnswer Minted = new()
    {
        Type = "token.minted",
        Timestamp = ExampleSale.At("2026-10-01T19:05:31Z"),
        Data = new MintResult { JobId = ExampleSale.MintJob, TokenId = "48213", TransactionId = "5f1c09e7b2a84d60" },
    };

    public static readonly MintAnswer Failed = new()
    {
        Type = "token.failed",
        Timestamp = ExampleSale.At("2026-10-01T19:05:31Z"),
        Data = new MintResult { JobId = ExampleSale.MintJob, Reason = "The chain did not take the transaction." },
    };

    public static readonly MintJob Dead = new(ExampleSale.MintJob, ExampleSale.Ticket, ExampleSale.Event, "mint", ExampleSale.Buyer, "dead", Attempts: 12, NextAttemptAt: null,
        "The minting service does not answer: timeout.", TokenId: null, TransactionId: null, ExampleSale.At("2026-10-01T19:04:12.5Z"));

    public static readonly MintJob Waiting = Dead with { Status = "waiting", Attempts = 0, NextAttemptAt = ExampleSale.At("2026-10-02T08:00:00Z") };
}
