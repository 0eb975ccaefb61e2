namespace AdmitOne.Platform.Postgres;

/// <summary>
/// The conditions of a list that its caller may leave out. What was not asked for is not in the statement: with <c>@x is null or …</c> PostgreSQL plans
/// it anew at each call, in the hope that it is null, which costs a short list more than reading it.
/// </summary>
public static class Where
{
    /// <param name="condition">SQL of ours, with its parameters.</param>
    public static string And(bool isAsked, string condition) => isAsked ? $" and {condition}" : "";
}
