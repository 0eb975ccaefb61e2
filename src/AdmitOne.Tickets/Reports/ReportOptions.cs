using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Reports;

public sealed class ReportOptions
{
    /// <summary>How many reports and pages of exports one process reads at once, each with a database connection; one organiser has at most half of them. The next waits.</summary>
    [ConfigurationKeyName("REPORTS_MAX"), Range(1, 100)]
    public int ReportsMax { get; set; } = 4;
}

[OptionsValidator]
internal sealed partial class ReportOptionsValidator : IValidateOptions<ReportOptions>;
