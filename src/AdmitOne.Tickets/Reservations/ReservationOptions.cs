using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Reservations;

public sealed class ReservationOptions
{
    /// <summary>How long a hold keeps its tickets.</summary>
    [ConfigurationKeyName("RESERVATION_TTL_SECONDS"), Range(1, 86_400)]
    public int TtlSeconds { get; set; } = 600;

    /// <summary>How often expired holds are swept. They are expired by the clock, not by the sweep.</summary>
    [ConfigurationKeyName("RESERVATION_SWEEP_SECONDS"), Range(1, 3_600)]
    public int SweepSeconds { get; set; } = 15;
}

[OptionsValidator]
internal sealed partial class ReservationOptionsValidator : IValidateOptions<ReservationOptions>;
