namespace AdmitOne.Platform.Telemetry;

/// <summary>What is being done here: a request's route, or what goes on by itself and has said its name.</summary>
public static class WorkInHand
{
    internal const string Unknown = "other";

    private static readonly AsyncLocal<string?> s_name = new();

    public static string Name => s_name.Value ?? RouteOfRequest.Current ?? Unknown;

    /// <summary>Said once, at the beginning of a loop; it goes along with everything the loop calls.</summary>
    public static void Is(string name) => s_name.Value = name;
}
