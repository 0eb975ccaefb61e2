namespace AdmitOne.Events.Catalogue;

internal static class CategoryExamples
{
    public static readonly Category Common = new("music", "Music", Own: false, Version: 1);

    public static readonly NewCategory New = new() { Slug = "river", Name = "By the river" };

    public static readonly Category Own = new("river", New.Name, Own: true, Version: 1);

    public static readonly object Patch = new { name = "On the river" };
}
