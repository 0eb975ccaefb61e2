using System.CommandLine;
using AdmitOne.Cli.Commands;
using AdmitOne.Cli.Local;

namespace AdmitOne.Cli.Setup;

/// <summary>What <c>admitone setup</c> makes.</summary>
internal sealed record SetupRequest(SetupOrganiser Organiser, SetupVenue Venue);

/// <summary>The body of Identity's route.</summary>
internal sealed record SetupOrganiser(
    string Name, string Slug, string ManagerEmail, string? ManagerName, string? ManagerPassword, string? LegalName, string? Address, string? TaxNumber, string? Currency, string? Language, string? LogoUrl);

/// <summary>The body of the venue service's route.</summary>
internal sealed record SetupVenue(string Name, string Address, string TimeZone, int MaxCapacity);

/// <summary>The options of <c>admitone setup</c>; what is missing and needed is asked for, where there is somebody to ask.</summary>
internal sealed class SetupOptions
{
    private readonly Option<string?> _name = Text("--organiser-name", "The organiser's name, as people know it.", "N");
    private readonly Option<string?> _slug = Text("--slug", "Its name in addresses: small letters, digits and hyphens.", "S");
    private readonly Option<string?> _legalName = Text("--legal-name", "Its name on invoices.", "N");
    private readonly Option<string?> _address = Text("--address", "Its postal address.", "A");
    private readonly Option<string?> _taxNumber = Text("--tax-number", "Its tax number.", "T");
    private readonly Option<string?> _currency = Text("--currency", "Three capital letters, such as EUR.", "C");
    private readonly Option<string?> _language = Text("--language", "The language of its mails, such as en.", "L");
    private readonly Option<string?> _logo = Text("--logo", "The address of its logo.", "URL");
    private readonly Option<string?> _managerEmail = Text("--manager-email", "The first manager's e-mail address.", "E");
    private readonly Option<string?> _managerName = Text("--manager-name", "Their name.", "N");
    private readonly Option<string?> _managerPassword = Text("--manager-password", "A password for them; without it they choose one by the link. Other users of this machine may see it.", "P");
    private readonly Option<string?> _venueName = Text("--venue-name", "The first venue's name.", "V");
    private readonly Option<string?> _venueAddress = Text("--venue-address", "Its address; that of the organiser without it.", "A");
    private readonly Option<int?> _capacity = new("--capacity") { Description = "How many people may be inside at once.", HelpName = "C" };
    private readonly Option<string?> _timeZone = Text("--time-zone", "Its time zone, such as Europe/Berlin.", "Z");

    public Option<bool> Json { get; } = new("--json") { Description = "Ask nothing and print one JSON object: tenantId, slug, venueId, managerLink." };

    public Option<Uri?> Identity { get; } = AddressOption.Create("--identity", "Identity; without it that of ./run, or AUTH_SERVICE_URL.");

    public Option<Uri?> Venues { get; } = AddressOption.Create("--venues", "The venue service; without it that of ./run, or VENUE_SERVICE_URL.");

    public Option<DirectoryInfo?> Data { get; } = DataOption.Create("INTERNAL_API_KEY");

    public void AddTo(Command command)
    {
        foreach (var option in new Option[]
        {
            Json, _name, _slug, _legalName, _address, _taxNumber, _currency, _language, _logo, _managerEmail, _managerName, _managerPassword, _venueName, _venueAddress, _capacity, _timeZone,
            Identity, Venues, Data,
        }) command.Add(option);
    }

    /// <param name="questions">Null asks nothing.</param>
    /// <exception cref="CannotRunException">Something needed was not said.</exception>
    public SetupRequest Read(ParseResult parsed, SetupQuestions? questions)
    {
        string Need(Option<string?> option, string question, string? byDefault = null) => parsed.GetValue(option) is { Length: > 0 } said ? said
            : questions?.Ask(question, byDefault) ?? byDefault ?? throw new CannotRunException($"say {option.Name}");
        var name = Need(_name, "Organiser's name");
        var slug = Need(_slug, "Its name in addresses", questions is null ? null : Slug(name));
        var email = Need(_managerEmail, "First manager's e-mail address");
        var venue = Need(_venueName, "Venue", questions is null ? null : name);
        var capacity = parsed.GetValue(_capacity) ?? (int.TryParse(questions?.Ask("How many people may be inside", null), out var typed) ? typed : throw new CannotRunException("say --capacity"));
        var zone = Need(_timeZone, "Its time zone", questions is null ? null : TimeZoneInfo.Local is { HasIanaId: true, Id: var id } ? id : "Europe/Berlin");
        var currency = Need(_currency, "Currency", "EUR");
        var address = parsed.GetValue(_address);
        return new SetupRequest(
            new SetupOrganiser(name, slug, email, parsed.GetValue(_managerName), parsed.GetValue(_managerPassword), parsed.GetValue(_legalName), address, parsed.GetValue(_taxNumber), currency,
                parsed.GetValue(_language), parsed.GetValue(_logo)),
            new SetupVenue(venue, parsed.GetValue(_venueAddress) ?? address ?? venue, zone, capacity));
    }

    private static Option<string?> Text(string name, string description, string help) => new(name) { Description = description, HelpName = help };

    private static string Slug(string name) =>
        string.Join('-', new string([.. name.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : ' ')]).Split(' ', StringSplitOptions.RemoveEmptyEntries));
}

/// <summary>Asks the person at the terminal.</summary>
internal sealed class SetupQuestions(TextReader input, TextWriter output)
{
    /// <returns>What was typed; the default for an empty line; null at the end of the input or without either.</returns>
    public string? Ask(string question, string? byDefault)
    {
        output.Write(byDefault is null ? $"{question}: " : $"{question} [{byDefault}]: ");
        return input.ReadLine()?.Trim() is { Length: > 0 } typed ? typed : byDefault;
    }
}
