using AdmitOne.Platform.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.Tickets.Reports;

/// <summary>What reads a whole event: how many of them go on at once, and who shares one.</summary>
internal static class ReportsFeature
{
    public static void AddReports(this IServiceCollection services)
    {
        services.AddCheckedOptions<ReportOptions, ReportOptionsValidator>();
        services.AddSingleton<ReportBounds>().AddSingleton<CsvExport>();
    }
}
