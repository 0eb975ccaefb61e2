using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AdmitOne.Neighbours;

/// <summary>How the minting neighbour behaves from now on, for those who want to see what a bad one does to them.</summary>
public sealed record MintManners
{
    /// <summary>Where answers go; the Ticket Service that it was started beside if null.</summary>
    [Url]
    public string? AnswerTo { get; init; }

    /// <summary><c>prompt</c>, <c>late</c> (after the delay), <c>twice</c> (and again after the delay), <c>shuffled</c> (each at some time within the delay), <c>never</c>, or <c>failed</c>.</summary>
    [AllowedValues("prompt", "late", "twice", "shuffled", "never", "failed", ErrorMessage = "Must be prompt, late, twice, shuffled, never or failed.")]
    public string Answers { get; init; } = "prompt";

    [Range(0, 3_600_000)]
    public int DelayMs { get; init; }

    /// <summary>The first answer to every so many-th job gets lost; 0 loses none. Asked again, it answers.</summary>
    [Range(0, 1_000_000)]
    public int LoseEvery { get; init; }

    /// <summary>Calls are answered 503 and nothing is kept.</summary>
    public bool Away { get; init; }

    /// <summary>Jobs of this ticket are refused with 422, and the whole call with them.</summary>
    public Guid? Refuse { get; init; }
}

/// <summary>The manners in force, in memory: a restart is polite again.</summary>
internal sealed class CurrentManners
{
    private MintManners _now = new();

    public MintManners Now
    {
        get => Volatile.Read(ref _now);
        set => Volatile.Write(ref _now, value);
    }
}

internal sealed class MintingNeighbourOptions
{
    /// <summary>Whom the minting neighbour answers.</summary>
    [ConfigurationKeyName("TICKET_SERVICE_URL"), Url]
    public string? TicketServiceUrl { get; set; }
}

[OptionsValidator]
internal sealed partial class MintingNeighbourOptionsAnnotations : IValidateOptions<MintingNeighbourOptions>;
