using System.Text.Json;
using AdmitOne.IntegrationTests.Docs;

namespace AdmitOne.IntegrationTests.Deploy;

/// <summary>What a drill measured: shown with the test, and with UPDATE_DRILLS=1 kept in <c>docs/drills</c>.</summary>
internal static class DrillFigures
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static async Task KeepAsync(string file, object figures)
    {
        var text = JsonSerializer.Serialize(figures, s_json) + "\n";
        TestContext.Current.TestOutputHelper?.WriteLine(text);
        if (Environment.GetEnvironmentVariable("UPDATE_DRILLS") == "1") await File.WriteAllTextAsync(Path.Combine(RunnableBlock.Root, "docs", "drills", file), text, TestContext.Current.CancellationToken);
    }
}
