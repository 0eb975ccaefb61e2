namespace AdmitOne.Platform.Http;

/// <summary>
/// What a machine read, such as a scanned code: it may have any character, for it is looked up and never shown. A code that is not one of
/// ours must get its answer, and one bad code must not hold up the others of an upload.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class MachineReadAttribute : Attribute;
