using System.Collections.Concurrent;
using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace AdmitOne.Platform.Http;

/// <summary>The summaries of our own types, as the compiler wrote them beside each assembly: one sentence serves the reader of the code and of the contract.</summary>
public static partial class XmlDocs
{
    private static readonly ConcurrentDictionary<Assembly, Dictionary<string, XElement>> s_files = new();

    /// <returns>Null if it has none, or if the file was not deployed.</returns>
    public static string? Summary(Type type) => Text(Find(Definition(type), $"T:{Name(type)}")?.Element("summary"));

    /// <summary>A field's or a property's; that of a positional record's property is its parameter's.</summary>
    public static string? Summary(MemberInfo member)
    {
        ArgumentNullException.ThrowIfNull(member);
        if (member.DeclaringType is not { } type) return null;
        var kind = member is FieldInfo ? 'F' : 'P';
        return Text(Find(Definition(type), $"{kind}:{Name(type)}.{member.Name}")?.Element("summary"))
            ?? Text(Find(Definition(type), $"T:{Name(type)}")?.Elements("param").FirstOrDefault(p => (string?)p.Attribute("name") == member.Name));
    }

    private static Type Definition(Type type) => type.IsGenericType ? type.GetGenericTypeDefinition() : type;

    private static string Name(Type type) => Definition(type).FullName?.Replace('+', '.') ?? type.Name;

    private static XElement? Find(Type type, string id) => s_files.GetOrAdd(type.Assembly, Read).GetValueOrDefault(id);

    private static Dictionary<string, XElement> Read(Assembly assembly)
    {
        var file = assembly.Location.Length == 0 ? "" : Path.ChangeExtension(assembly.Location, ".xml");
        if (!File.Exists(file)) return [];
        return XDocument.Load(file).Descendants("member").DistinctBy(m => (string)m.Attribute("name")!).ToDictionary(m => (string)m.Attribute("name")!);
    }

    private static string? Text(XElement? element)
    {
        if (element is null) return null;
        var text = string.Concat(element.Nodes().Select(node => node switch
        {
            XText plain => plain.Value,
            XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
            XElement reference when ((string?)reference.Attribute("cref") ?? (string?)reference.Attribute("name")) is { } name => $"`{name.Split('(')[0].Split('.', ':')[^1]}`",
            XElement other => other.Value,
            _ => "",
        }));
        return Spaces().Replace(text, " ").Trim();
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
