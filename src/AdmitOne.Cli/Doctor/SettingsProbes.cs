namespace AdmitOne.Cli.Doctor;

/// <summary>What the services themselves would refuse to start with, of one kind.</summary>
/// <param name="words">A fault is of this kind if it has one of these in it.</param>
internal sealed class SettingsProbe(string name, string what, params string[] words) : Probe(name)
{
    public IReadOnlyList<string> Words => words;

    public override Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken) =>
        Task.FromResult(Of(patient, fault => words.Any(word => fault.Contains(word, StringComparison.Ordinal)), what));

    internal static IReadOnlyList<Finding> Of(Patient patient, Func<string, bool> isMine, string what)
    {
        var faults = patient.Services.SelectMany(service => service.Faults.Where(isMine).Select(fault => (fault, service.Name)))
            .GroupBy(fault => fault.fault, fault => fault.Name)
            .Select(same => Finding.NoGo($"{same.Key} ({string.Join(", ", same)})", what)).ToArray();
        return faults.Length > 0 ? faults : [Finding.Go("both services accept what they are told")];
    }
}

/// <summary>Whatever else they would refuse.</summary>
internal sealed class OtherSettingsProbe(IEnumerable<SettingsProbe> others) : Probe("variables")
{
    public override Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken) => Task.FromResult(SettingsProbe.Of(
        patient, fault => !others.SelectMany(other => other.Words).Any(word => fault.Contains(word, StringComparison.Ordinal)), "Set it as docs/configuration.md says."));
}

/// <summary>What must be the same in both services.</summary>
internal sealed class SharedSettingsProbe() : Probe("shared variables")
{
    private static readonly string[] s_shared = ["INTERNAL_API_KEY", "INTERNAL_WEBHOOK_SECRET", "JWT_SECRET", "JWT_ISSUER", "JWT_AUDIENCE", "AUTH_SERVICE_URL", "DB_NAME", "REDIS_DB"];

    public override Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken)
    {
        var differ = s_shared.Where(name => (patient.Events.Settings[name] ?? "") != (patient.Tickets.Settings[name] ?? "")).ToArray();
        return Task.FromResult(One(Finding.If(differ.Length == 0, differ.Length == 0 ? "both services have the same keys, database and token issuer" : $"the two services have different values of {string.Join(", ", differ)}",
            "Give both the same: they sign for and check one another.")));
    }
}

/// <summary>Limits and metrics may be off for a test, never for the public.</summary>
internal sealed class SwitchesProbe() : Probe("limits and metrics")
{
    private static readonly string[] s_switches = ["ENABLE_RATE_LIMITING", "ENABLE_METRICS"];

    public override Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken)
    {
        var off = patient.Services.SelectMany(service => s_switches
            .Where(name => bool.TryParse(service.Settings[name], out var on) && !on).Select(name => $"{name} of the {service.Name}")).ToArray();
        return Task.FromResult(One(off.Length == 0 ? Finding.Go("on in both services")
            : patient.IsProduction ? Finding.NoGo($"switched off in production: {string.Join(", ", off)}", "Set it to true, or leave it out.")
            : Finding.Warning($"switched off: {string.Join(", ", off)}", "Never in production.")));
    }
}
