using System.Diagnostics;

namespace AdmitOne.Platform.Telemetry;

/// <summary>Our own spans, beside those of the framework and the driver. Without anybody who listens no span is made.</summary>
public static class Traces
{
    internal const string SourceName = "AdmitOne";

    public static ActivitySource Source { get; } = new(SourceName);

    /// <summary>The <c>traceparent</c> (W3C) of what runs here, to be kept with what will go on later; null if it is not recorded.</summary>
    public static string? Parent => Activity.Current is { Recorded: true, IdFormat: ActivityIdFormat.W3C } current ? current.Id : null;

    /// <summary>Goes on with the trace that once caused this work.</summary>
    /// <param name="parent">As <see cref="Parent"/> gave it.</param>
    /// <returns>null if that trace is not recorded.</returns>
    public static Activity? Continue(string name, ActivityKind kind, string? parent) =>
        parent is not null && Source.HasListeners() && ActivityContext.TryParse(parent, null, isRemote: true, out var context)
            ? Source.StartActivity(name, kind, context)
            : null;
}
