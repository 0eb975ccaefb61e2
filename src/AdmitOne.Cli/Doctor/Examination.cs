using AdmitOne.Cli.Local;

namespace AdmitOne.Cli.Doctor;

/// <summary>The table of probes, and how they are gone through.</summary>
internal static class Examination
{
    private static readonly SettingsProbe[] s_kinds =
    [
        new("secrets", "Make one: openssl rand -hex 32", "random secret", "_PASSWORD is required", "SECRET is required", "KEY is required"),
        new("repeated secrets", "Make another: openssl rand -hex 32", "same value"),
        new("TLS", "Speak TLS to what is outside of the cluster.", "DB_SSL_MODE", "https"),
        new("payments", "Take it out: it accepts invented payments.", "PAYMENT_METHODS"),
        new("Stripe", "Copy it from Stripe's dashboard: docs/stripe.md says which key goes where.", "STRIPE_"),
        new("signing key", "Make one: openssl ecparam -name prime256v1 -genkey -noout", "CODE_SIGNING_KEY"),
    ];

    /// <summary>What the variables alone say: <c>--env</c>.</summary>
    public static readonly IReadOnlyList<Probe> OfVariables = [.. s_kinds, new OtherSettingsProbe(s_kinds), new SharedSettingsProbe(), new SwitchesProbe()];

    /// <summary>Everything, in the order in which one thing explains the next.</summary>
    public static readonly IReadOnlyList<Probe> Whole =
    [
        .. OfVariables,
        new DatabaseProbe(),
        new SchemaProbe(),
        new AccessPathsProbe(),
        new ForeignKeysProbe(),
        new RowSecurityProbe(),
        new RoleProbe(),
        new PoolProbe(),
        new DurabilityProbe(),
        new StatementTimeoutProbe(),
        new SlowQueriesProbe(),
        new DiskProbe(),
        new RedisProbe(),
        new RedisWritesProbe(),
        new ClockProbe(),
        new NeighboursProbe(),
    ];

    public static async Task<IReadOnlyList<DoctorLine>> RunAsync(IEnumerable<Probe> probes, Patient patient, CancellationToken cancellationToken)
    {
        var lines = new List<DoctorLine>();
        foreach (var probe in probes) lines.AddRange((await LookAsync(probe, patient, cancellationToken)).Select(finding => new DoctorLine(probe.Name, finding)));
        return lines;
    }

    internal static async Task<IReadOnlyList<Finding>> LookAsync(Probe probe, Patient patient, CancellationToken cancellationToken)
    {
        try
        {
            return await probe.LookAsync(patient, cancellationToken);
        }
        catch (Exception fault) when (fault is not OperationCanceledException and not CannotRunException)
        {
            return [Finding.NoGo($"it cannot be looked at: {fault.Message}", "Mend what the other lines name, and look again.")];
        }
    }
}
