namespace AdmitOne.Cli.Doctor;

/// <summary>What a look came to.</summary>
internal enum Verdict
{
    Go,
    Warning,
    NoGo,

    /// <summary>No program can look: a person must.</summary>
    Person,

    /// <summary>It could not be looked at, because of something that another line names.</summary>
    Unseen,
}

/// <param name="Found">What was seen; never a secret.</param>
/// <param name="Do">What to do about it; null if nothing.</param>
internal sealed record Finding(Verdict Verdict, string Found, string? Do = null)
{
    public string Word => Verdict switch
    {
        Verdict.Go => "go",
        Verdict.Warning => "warning",
        Verdict.NoGo => "no-go",
        Verdict.Person => "a person must",
        _ => "not seen",
    };

    public static Finding Go(string found) => new(Verdict.Go, found);

    public static Finding Warning(string found, string what) => new(Verdict.Warning, found, what);

    public static Finding NoGo(string found, string what) => new(Verdict.NoGo, found, what);

    public static Finding Unseen(string because) => new(Verdict.Unseen, because);

    /// <summary>Go if it is so, and no-go with what to do if not.</summary>
    public static Finding If(bool so, string found, string what) => so ? Go(found) : NoGo(found, what);
}

/// <summary>One thing that is looked at. A probe that throws is a no-go: what cannot be looked at is not good.</summary>
internal abstract class Probe(string name)
{
    public string Name { get; } = name;

    /// <summary>At least one finding; one for each fault.</summary>
    public abstract Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken);

    protected static IReadOnlyList<Finding> One(Finding finding) => [finding];
}

/// <summary>A probe and one of its findings, as it is printed.</summary>
internal sealed record DoctorLine(string Probe, Finding Finding);
