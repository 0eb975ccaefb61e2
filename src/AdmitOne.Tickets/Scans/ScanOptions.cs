using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Scans;

public sealed class ScanOptions
{
    /// <summary>How many pages may watch doors live in one process (server-sent events); the next is answered 503.</summary>
    [ConfigurationKeyName("DOOR_STREAMS_MAX"), Range(1, 100_000)]
    public int DoorStreamsMax { get; set; } = 500;

    /// <summary>How many of them one organiser may have open in one process.</summary>
    [ConfigurationKeyName("DOOR_STREAMS_PER_TENANT"), Range(1, 100_000)]
    public int DoorStreamsPerTenant { get; set; } = 200;

    /// <summary>How many of them one person or scanner may have open in one process.</summary>
    [ConfigurationKeyName("DOOR_STREAMS_PER_CALLER"), Range(1, 100_000)]
    public int DoorStreamsPerCaller { get; set; } = 10;

    /// <summary>How many pages of door packs one process reads at once, each with a database connection; one organiser has at most half of them. The next waits.</summary>
    [ConfigurationKeyName("DOOR_PACKS_MAX"), Range(1, 100)]
    public int DoorPacksMax { get; set; } = 4;
}

[OptionsValidator]
internal sealed partial class ScanOptionsValidator : IValidateOptions<ScanOptions>;
