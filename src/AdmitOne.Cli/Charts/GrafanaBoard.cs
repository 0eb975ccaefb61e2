using System.Text.Json;

namespace AdmitOne.Cli.Charts;

/// <summary>A dashboard as its file has it: what is drawn of it.</summary>
internal sealed record GrafanaBoard(string Title, IReadOnlyList<GrafanaPanel> Panels)
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);

    /// <exception cref="JsonException">The file is no dashboard.</exception>
    public static GrafanaBoard Read(string file) =>
        JsonSerializer.Deserialize<GrafanaBoard>(File.ReadAllText(file), s_json) is { Title: not null, Panels: not null } board ? board : throw new JsonException($"{file} is no dashboard");
}

internal sealed record GrafanaPanel(string Type, string Title, GrafanaPlace GridPos, IReadOnlyList<GrafanaTarget> Targets, GrafanaFieldConfig FieldConfig);

/// <summary>In the grid's columns, of which a row has 24, and its lines.</summary>
internal sealed record GrafanaPlace(int X, int Y, int W, int H);

internal sealed record GrafanaTarget(string Expr, string LegendFormat);

internal sealed record GrafanaFieldConfig(GrafanaField Defaults);

internal sealed record GrafanaField(string Unit, int? Decimals, GrafanaThresholds Thresholds, GrafanaCustom? Custom, IReadOnlyList<GrafanaMapping>? Mappings);

internal sealed record GrafanaThresholds(IReadOnlyList<GrafanaStep> Steps)
{
    public string ColourOf(double value) => (Steps.LastOrDefault(step => step.Value is { } from && value >= from) ?? Steps[0]).Paint;
}

/// <param name="Value">From which the colour is meant; null for the first.</param>
internal sealed record GrafanaStep(string Color, double? Value)
{
    private static readonly Dictionary<string, string> s_colours = new() { ["green"] = "#73bf69", ["yellow"] = "#f2cc0c", ["red"] = "#f2495c", ["blue"] = "#5794f2" };

    public string Paint => s_colours.GetValueOrDefault(Color, Color);
}

internal sealed record GrafanaCustom(GrafanaThresholdsStyle? ThresholdsStyle);

internal sealed record GrafanaThresholdsStyle(string Mode);

internal sealed record GrafanaMapping(Dictionary<string, GrafanaMappedText> Options);

internal sealed record GrafanaMappedText(string Text);
