namespace AdmitOne.UnitTests.Architecture;

internal static class Findings
{
    /// <summary>Fails with all that was found, one a line: who repairs it wants the whole list.</summary>
    public static void None<T>(IEnumerable<T> faults)
    {
        var found = faults.Select(fault => fault?.ToString()).ToList();
        Assert.True(found.Count == 0, string.Join("\n", found));
    }
}
