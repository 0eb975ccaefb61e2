using AdmitOne.Platform.RateLimiting;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Reports;

/// <summary>Bounds reports and exports: how many are open, and how many read at once.</summary>
internal sealed class ReportBounds(IOptions<ReportOptions> options) : ConcurrencyBounds(new ConcurrencyBound(options.Value.ReportsMax, OpenPerTenant, OpenPerCaller), s_longestWait)
{
    private const int OpenPerTenant = 16;
    private const int OpenPerCaller = 4;
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(10);
}
