using System.CommandLine;
using AdmitOne.Cli.Doctor;
using AdmitOne.Cli.Local;
using AdmitOne.Platform.Configuration;

namespace AdmitOne.Cli.Commands;

/// <summary>What `admitone doctor` can be told.</summary>
internal sealed class DoctorOptions
{
    private const double Gibibyte = 1L << 30;

    public Option<DirectoryInfo?> Data { get; } = DataOption.Create("what the variables say");

    public Option<bool> Env { get; } = new("--env") { Description = "Only the variables: nothing is connected to." };

    public Option<bool> Json { get; } = new("--json") { Description = "Print JSON." };

    public Option<int?> Replicas { get; } = new("--replicas") { Description = "How many of each service there are or will be; 3 in production, else 1.", HelpName = "N" };

    public Option<DirectoryInfo?> Disk { get; } = new("--disk") { Description = "A folder on the database's volume; of ./run, its data folder.", HelpName = "FOLDER" };

    public Option<double> DiskFree { get; } = new("--disk-free") { Description = "The least that must be free there, in GiB.", HelpName = "GIB", DefaultValueFactory = _ => 2 };

    public Option<int> Patience { get; } = MakePatience();

    public Option<Uri?> Events { get; } = AddressOption.Create("--events", "Where the Event Service answers; else EVENT_SERVICE_URL.");

    public Option<Uri?> Tickets { get; } = AddressOption.Create("--tickets", "Where the Ticket Service answers; else TICKET_SERVICE_URL.");

    public Option<bool> Checklist { get; } = new("--checklist") { Description = "Walk every line of both production checklists (docs/checklist.md)." };

    public Option<string?> Service { get; } = MakeService();

    public Option<Uri?> Prometheus { get; } = AddressOption.Create("--prometheus", "A Prometheus that scrapes both services, for the lines about alerts and panels.");

    public Option<DirectoryInfo> Root { get; } = new("--root") { Description = "The checkout whose files the checklists are about.", HelpName = "FOLDER", DefaultValueFactory = _ => new DirectoryInfo(".") };

    public IEnumerable<Option> All => [Data, Env, Checklist, Service, Json, Replicas, Disk, DiskFree, Patience, Events, Tickets, Prometheus, Root];

    /// <exception cref="CannotRunException">The folder that was named is none of ./run.</exception>
    public Patient Patient(ParseResult parsed, GivenVariables given)
    {
        var folder = DataOption.Folder(given, parsed.GetValue(Data), preferVariables: given["DB_HOST"] is not null);
        var services = folder is null ? Doctor.Patient.OfEnvironment() : Doctor.Patient.OfFolder(folder, given);
        var production = services.Any(service => ServiceOptions.IsProductionIn(service.Settings));
        return new Patient(services)
        {
            Replicas = parsed.GetValue(Replicas) ?? (production ? 3 : 1),
            DiskPath = parsed.GetValue(Disk)?.FullName ?? folder,
            Root = parsed.GetValue(Root)!.FullName,
            PrometheusUrl = parsed.GetValue(Prometheus),
            Patience = TimeSpan.FromSeconds(parsed.GetValue(Patience)),
            DiskFreeBytes = (long)(parsed.GetValue(DiskFree) * Gibibyte),
            EventsUrl = parsed.GetValue(Events) ?? Url(services[1].Settings["EVENT_SERVICE_URL"]),
            TicketsUrl = parsed.GetValue(Tickets) ?? Url(services[0].Settings["TICKET_SERVICE_URL"]),
        };
    }

    private static Option<int> MakePatience()
    {
        var patience = new Option<int>("--patience") { Description = "How long a neighbour may take to answer, in seconds.", HelpName = "SECONDS", DefaultValueFactory = _ => 4 };
        patience.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 600) result.AddError("--patience must be between 1 and 600 seconds.");
        });
        return patience;
    }

    private static Option<string?> MakeService()
    {
        var service = new Option<string?>("--service") { Description = "Only this service's checklist: events or tickets." };
        service.AcceptOnlyFromAmong("events", "tickets");
        return service;
    }

    private static Uri? Url(string? text) => Uri.TryCreate(text, UriKind.Absolute, out var url) ? url : null;
}
