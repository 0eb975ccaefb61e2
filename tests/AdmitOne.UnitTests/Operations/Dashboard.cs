using System.Text.Json;
using AdmitOne.UnitTests.Architecture;

namespace AdmitOne.UnitTests.Operations;

/// <summary>A dashboard's file, as far as tests ask.</summary>
internal sealed record Dashboard(string File, JsonElement Root)
{
    public static IReadOnlyList<Dashboard> All { get; } = [Read("ticket-service.json"), Read("event-service.json")];

    public IEnumerable<JsonElement> Panels => Root.GetProperty("panels").EnumerateArray();

    public IEnumerable<string> Titles => Panels.Select(panel => panel.GetProperty("title").GetString()!);

    public IEnumerable<(string Panel, string Expression)> Queries =>
        Panels.SelectMany(panel => panel.GetProperty("targets").EnumerateArray().Select(target => (panel.GetProperty("title").GetString()!, target.GetProperty("expr").GetString()!)));

    private static Dashboard Read(string file) =>
        new(file, JsonSerializer.Deserialize<JsonElement>(System.IO.File.ReadAllText(Path.Combine(Checkout.Root, "deploy", "grafana", file))));
}
