namespace AdmitOne.UnitTests.Architecture;

/// <summary>The source that these tests were built from.</summary>
internal static class Checkout
{
    public static string Root { get; } = FindRoot();

    public static string Source => Path.Combine(Root, "src");

    /// <summary>The projects of the product, by their short names: Events, Platform, …</summary>
    public static IEnumerable<string> Projects => Directory.EnumerateDirectories(Source, "AdmitOne.*").Select(folder => Path.GetFileName(folder)["AdmitOne.".Length..]);

    public static string ProjectFolder(string project) => Path.Combine(Source, "AdmitOne." + project);

    public static string ProjectFile(string project) => Path.Combine(ProjectFolder(project), $"AdmitOne.{project}.csproj");

    /// <summary>Every C# file below a folder, with its path as seen from the root.</summary>
    public static IEnumerable<(string Path, string Text)> CodeBelow(string folder) =>
        Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(file => (Path.GetRelativePath(Root, file), File.ReadAllText(file)));

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "AdmitOne.slnx"))) return folder.FullName;
        throw new InvalidOperationException("The tests run outside a checkout: they read the source.");
    }
}
