namespace AdmitOne.Platform.Text;

/// <summary>A language as BCP 47 writes it: <c>nl</c>, <c>pt-BR</c>, <c>zh-Hant</c>.</summary>
public static class LanguageTag
{
    public const int MaxLength = 35;

    public const string Pattern = "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$";

    /// <summary>The message for a text that is no language tag.</summary>
    public const string Fault = "Must be a language tag, such as nl or pt-BR.";
}
