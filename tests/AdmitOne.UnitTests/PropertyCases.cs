using System.Globalization;
using FsCheck;

namespace AdmitOne.UnitTests;

/// <summary>How many cases a property is tried on: few each time, and with <c>./test --long</c>, which sets PROPERTY_FACTOR, many more.</summary>
internal static class PropertyCases
{
    private static readonly int s_factor = int.Parse(Environment.GetEnvironmentVariable("PROPERTY_FACTOR") ?? "1", CultureInfo.InvariantCulture);

    public static int Of(int few) => few * s_factor;

    public static Config Some(int few) => Config.QuickThrowOnFailure.WithMaxTest(Of(few));
}
