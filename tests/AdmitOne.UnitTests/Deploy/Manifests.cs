using System.Diagnostics;
using AdmitOne.UnitTests.Architecture;
using YamlDotNet.RepresentationModel;

namespace AdmitOne.UnitTests.Deploy;

/// <summary>The objects of <c>deploy/k8s</c>: as they are written, or as an overlay renders them.</summary>
internal static class Manifests
{
    public static string Folder => Path.Combine(Checkout.Root, "deploy", "k8s");

    public static IReadOnlyList<YamlMappingNode> Base { get; } =
        [.. Directory.EnumerateFiles(Path.Combine(Folder, "base"), "*.yaml").Order(StringComparer.Ordinal).SelectMany(file => Parse(File.ReadAllText(file)))
            .Where(node => node.At("kind") != "Kustomization")];

    /// <summary>What is applied once, by hand.</summary>
    public static IReadOnlyList<YamlMappingNode> Setup { get; } = [.. Parse(File.ReadAllText(Path.Combine(Folder, "setup-job.yaml")))];

    /// <returns>null where there is no kubectl.</returns>
    public static IReadOnlyList<YamlMappingNode>? Render(string overlay)
    {
        if (!(Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "kubectl")))) return null;
        using var kubectl = Process.Start(new ProcessStartInfo("kubectl", ["kustomize", Path.Combine(Folder, "overlays", overlay)]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = kubectl.StandardError.ReadToEndAsync();
        var text = kubectl.StandardOutput.ReadToEnd();
        kubectl.WaitForExit();
        Assert.True(kubectl.ExitCode == 0, said.Result);
        return [.. Parse(text)];
    }

    public static YamlMappingNode Object(this IEnumerable<YamlMappingNode> objects, string kind, string name) =>
        Assert.Single(objects, one => one.At("kind") == kind && one.At("metadata.name") == name);

    /// <summary>The text at a path such as <c>spec.template.spec.containers.0.image</c>; null if nothing is there, or something larger than a text.</summary>
    public static string? At(this YamlNode node, string path) => (node.Find(path) as YamlScalarNode)?.Value;

    public static YamlNode? Find(this YamlNode node, string path)
    {
        YamlNode? at = node;
        foreach (var step in path.Split('.'))
            at = at switch
            {
                YamlMappingNode map => map.Children.TryGetValue(new YamlScalarNode(step.Replace('~', '.')), out var next) ? next : null,
                YamlSequenceNode list => int.TryParse(step, out var n) && n < list.Children.Count ? list.Children[n] : null,
                _ => null,
            };
        return at;
    }

    public static IEnumerable<YamlNode> All(this YamlNode node, string path) => node.Find(path) is YamlSequenceNode list ? list.Children : [];

    /// <summary>What the pods of an object are, wherever it keeps them; null for an object without any.</summary>
    public static YamlNode? Pod(this YamlMappingNode one) => one.Find("spec.jobTemplate.spec.template.spec") ?? one.Find("spec.template.spec");

    private static IEnumerable<YamlMappingNode> Parse(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return stream.Documents.Select(document => document.RootNode).OfType<YamlMappingNode>();
    }
}
